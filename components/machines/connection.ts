import * as pulumi from "@pulumi/pulumi";
import * as command from "@pulumi/command";
import { RemoteConnection } from "../remote/step";
import { Target } from "./machine";

/** Who logs in: a private key (PEM or OpenSSH), or whatever the SSH agent holds. */
export type Credential = { readonly kind: "key"; readonly privateKey: pulumi.Input<string> } | { readonly kind: "agent" };

/** Three tries of 10 s: a machine that is off is reported within half a minute, a rebooting one is given a chance. */
const dialErrorLimit = 3;
const perDialTimeout = 10;

/** The provider's connection for a server. The host key is always verified; the provider would accept any without one. */
export function connectionTo(target: Target, credential: Credential): RemoteConnection {
    const auth = credential.kind === "key" ? { privateKey: credential.privateKey, agentSocketPath: "" } : {};
    const hop = (host: Omit<Target, "jump">) => ({
        host: host.address,
        port: host.port,
        user: host.user,
        hostKey: host.hostKey,
        dialErrorLimit,
        perDialTimeout,
        ...auth,
    });
    const args: command.types.input.remote.ConnectionArgs = target.jump
        ? { ...hop(target), proxy: hop(target.jump) }
        : hop(target);
    return { user: target.user, address: `${target.address}:${target.port}`, args };
}
