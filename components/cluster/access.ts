import * as fs from "node:fs";
import * as path from "node:path";
import { RegionConfig, SshTarget } from "../../infra/config/types";
import { expandHome } from "../machines/expand-home";
import { shellQuote } from "../remote/script";
import { fjordHome, stackFiles } from "./home";
import { kubeconfig } from "./kubeconfig";

/** How the operator's computer reaches the API of a region: plain facts, no secret. */
export interface Access {
    readonly stack: string;
    readonly accessPort: number;
    /** Name in the API server's certificate. */
    readonly apiName: string;
    /** The operator's private key file; absent: the SSH agent. */
    readonly identityFile?: string;
    readonly controlPlanes: readonly (SshTarget & { readonly name: string; readonly nodeAddress: string })[];
}

/** What access to a region needs of its configuration. */
export type AccessConfig = Pick<RegionConfig, "name" | "kubernetes"> & {
    readonly ssh: Pick<RegionConfig["ssh"], "identityFile">;
};

/** A control plane as access needs it. */
export interface AccessPoint {
    /** `cp-01.osl.node` */
    readonly fqdn: string;
    /** IPv4 address in the region's network. */
    readonly nodeAddress: string;
    readonly ssh: SshTarget;
}

const absolute = (file: string): string => path.resolve(expandHome(file));

function accessOf(config: AccessConfig, controlPlanes: readonly AccessPoint[]): Access {
    return {
        stack: config.name,
        accessPort: config.kubernetes.accessPort,
        apiName: config.kubernetes.apiName,
        ...(config.ssh.identityFile ? { identityFile: absolute(config.ssh.identityFile) } : {}),
        controlPlanes: controlPlanes.map(({ fqdn, nodeAddress, ssh }) => ({ ...ssh, name: fqdn, nodeAddress })),
    };
}

/** What kubeconfig runs: finds the checkout and the Node that the stack was last brought up with. */
export function accessShim(node: string, project: string, stack: string): string {
    return `#!/bin/sh
# Written by fjord at every run of the stack. Prints a short-lived credential and keeps the tunnel open.
cd ${shellQuote(project)} && exec ${shellQuote(node)} --require tsx/cjs operations/kube/access.ts ${shellQuote(stack)}
`;
}

/** Writes a file as a whole or not at all, and only if it differs: others may be reading it. True if it differed. */
function put(file: string, mode: number, content: string): boolean {
    if (fs.existsSync(file) && fs.readFileSync(file, "utf8") === content && (fs.statSync(file).mode & 0o777) === mode) {
        return false;
    }
    const temporary = `${file}.${process.pid}.new`;
    fs.writeFileSync(temporary, content, { mode });
    fs.chmodSync(temporary, mode);
    fs.renameSync(temporary, file);
    return true;
}

/**
 * Prepares access to a region on this computer: called at the start of a run, so that kubeconfig works whenever the
 * API does, and again with the CA once it is known.
 */
export function writeAccess(
    config: AccessConfig,
    controlPlanes: readonly AccessPoint[],
    caCertificate?: string,
    home: string = fjordHome(),
): void {
    const files = stackFiles(config.name, home);
    fs.mkdirSync(files.directory, { recursive: true, mode: 0o700 });
    fs.chmodSync(files.directory, 0o700);
    const access = accessOf(config, controlPlanes);
    put(files.shim, 0o700, accessShim(process.execPath, path.resolve(__dirname, "../.."), config.name));
    put(files.access, 0o600, `${JSON.stringify(access, undefined, 2)}\n`);
    if (caCertificate !== undefined && put(files.kubeconfig, 0o600, kubeconfig({ ...access, caCertificate }))) {
        // A token of the cluster that was there before would be tried again and again.
        fs.rmSync(files.token, { force: true });
    }
}

/** Takes access away again: the tunnel ends by itself when it finds the facts gone. */
export function removeAccess(stack: string, home: string = fjordHome()): void {
    fs.rmSync(stackFiles(stack, home).directory, { recursive: true, force: true });
}

/** Reads the facts that `writeAccess` left. */
export function readAccess(stack: string, home: string = fjordHome()): Access {
    const file = stackFiles(stack, home).access;
    try {
        return JSON.parse(fs.readFileSync(file, "utf8")) as Access;
    } catch {
        throw new Error(
            `fjord: stack ${stack} is not known on this computer (${file} is missing)\n  what to do: run \`pulumi preview --stack ${stack}\` once, which writes it`,
        );
    }
}
