import { z } from "zod";
import * as defaults from "../defaults";
import { host, hostKey, nonEmpty, port } from "./fields";

export const user = () =>
    nonEmpty("root")
        .optional()
        .describe("User that logs in; anything but root needs sudo without a password. Default: `fjord:ssh.user`.");

const sshPort = () => port().default(defaults.ssh.port).describe("Port of its SSH server.");

export const jumpSchema = z
    .strictObject({
        address: host().describe("IPv4 address or DNS name of the jump host."),
        port: sshPort(),
        user: user(),
        hostKey: hostKey().describe("Public host key of the jump host."),
    })
    .describe("A host to go through, e.g. a bastion. One hop; it must itself be reachable directly.");

/** How a server that exists is reached, whatever it is for. */
export const serverFields = () => ({
    address: host().describe("IPv4 address or DNS name of its SSH server."),
    port: sshPort(),
    user: user(),
    hostKey: hostKey().describe(
        "Its public SSH host key. It is verified on every connection; nothing is trusted on first use.",
    ),
    jump: jumpSchema.optional(),
});

const serverSchema = z.strictObject(serverFields());
export type ServerInput = z.output<typeof serverSchema>;
