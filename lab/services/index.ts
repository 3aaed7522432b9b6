import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { gitHostKey } from "../keys";
import { attachServices, detachServices } from "../network";
import { runDir } from "../node";
import { serviceName, type Lab, type ServiceName } from "../plan";
import { runningPid, startProcess, stopProcess, until, type Progress } from "../process";
import type { Toolchain } from "../toolchain/paths";
import { ensureRepository, gitAccess, gitRoot } from "./repository";
import { writeDns } from "./dns";
import type { ServiceConfig } from "./serve";
import { ensureTls } from "./tls";

/** Port of the registry; the other services have the ports of their protocols. */
export const registryPort = 5000;

/** What the region's mirrors serve. */
export interface MirrorContent {
    /** Folder of `writeAptRepository`. */
    readonly apt: string;
    /** Folder of `writeFiles`. */
    readonly files: string;
    /** Blobs and index of `lab/images.ts`. */
    readonly blobs: string;
    readonly imageIndex: string;
}

/** What the services serve. */
export interface ServiceContent {
    readonly toolchain: Toolchain;
    /** Absent where the lab takes everything from upstream: then only DNS and Git run. */
    readonly mirrors?: MirrorContent;
    /** Names for the lab's DNS beside its own, e.g. the host name of the application with the workers' addresses. */
    readonly hosts?: Readonly<Record<string, readonly string[]>>;
}

const services: readonly ServiceName[] = ["dns", "registry", "apt", "files", "git"];

/** The services that run with this content. Pure. */
export const servicesOf = (content: Pick<ServiceContent, "mirrors">): readonly ServiceName[] =>
    content.mirrors === undefined ? ["dns", "git"] : services;

/** Name of a service's process record. */
const processName = (service: ServiceName): string => `service-${service}`;
const probePort: Readonly<Record<ServiceName, number>> = {
    dns: 53,
    registry: registryPort,
    apt: 443,
    files: 443,
    git: 22,
};
const logFile = (lab: Lab, service: ServiceName): string => path.join(lab.dir, "services", `${service}.log`);

function answers(address: string, port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const socket = net.connect({ host: address, port, timeout: 1000 });
        const end = (result: boolean): void => {
            socket.destroy();
            resolve(result);
        };
        socket
            .on("connect", () => end(true))
            .on("timeout", () => end(false))
            .on("error", () => end(false));
    });
}

async function configuration(
    lab: Lab,
    service: Exclude<ServiceName, "dns">,
    content: ServiceContent,
): Promise<ServiceConfig[]> {
    const address = lab.services[service];
    if (service === "git") {
        return [
            {
                kind: "git",
                listen: { address, port: probePort.git },
                hostKeyFile: (await gitHostKey(lab)).file,
                root: gitRoot(lab),
                access: gitAccess(lab),
            },
        ];
    }
    const { mirrors } = content;
    if (mirrors === undefined) {
        throw new Error(`a lab that takes everything from upstream has no ${service} service`);
    }
    const tls = await ensureTls(lab);
    const https = {
        address,
        port: probePort[service],
        tls: { certificateFile: tls.certificateFile, keyFile: tls.keyFile },
    };
    switch (service) {
        case "registry":
            return [
                {
                    kind: "registry",
                    listen: https,
                    blobs: mirrors.blobs,
                    index: mirrors.imageIndex,
                    ownName: serviceName(lab, "registry"),
                },
            ];
        case "apt":
            return [
                { kind: "files", listen: { address, port: 80 }, root: mirrors.apt },
                { kind: "files", listen: https, root: mirrors.apt },
            ];
        case "files":
            return [{ kind: "files", listen: https, root: mirrors.files }];
    }
}

/** Starts one service, if it does not run as it should, and waits until it answers. */
export async function startService(lab: Lab, service: ServiceName, content: ServiceContent): Promise<void> {
    const inNamespace = (command: string, args: readonly string[]): void => {
        startProcess(runDir(lab), processName(service), "ip", ["netns", "exec", lab.servicesNetns, command, ...args], {
            log: logFile(lab, service),
            cwd: path.resolve(__dirname, "../.."),
        });
    };
    if (service === "dns") {
        const [command, ...args] = writeDns(lab, content.hosts ?? {}, content.toolchain);
        inNamespace(command, args);
    } else {
        const file = path.join(lab.dir, "services", `${service}.json`);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        const wanted = JSON.stringify(await configuration(lab, service, content));
        if (fs.existsSync(file) && fs.readFileSync(file, "utf8") !== wanted) {
            await stopService(lab, service);
        }
        fs.writeFileSync(file, wanted);
        inNamespace(process.execPath, ["--import", "tsx", path.join(__dirname, "serve.ts"), file]);
    }
    const alive = (): boolean => runningPid(runDir(lab), processName(service)) !== undefined;
    const ready = (): Promise<boolean> => answers(lab.services[service], probePort[service]);
    if (!(await until(30_000, async () => !alive() || (await ready()), 100)) || !alive()) {
        throw new Error(
            `service ${service} ${alive() ? "does not answer after 30 s" : "ended at once"}\n` +
                `  log: ${logFile(lab, service)}`,
        );
    }
}

/** Stops one service; `startService` brings it back with the same keys. */
export const stopService = (lab: Lab, service: ServiceName): Promise<void> =>
    stopProcess(runDir(lab), processName(service));

/** Starts all region services, on addresses of their own on the lab's bridge. */
export async function startServices(lab: Lab, content: ServiceContent, progress: Progress): Promise<void> {
    await attachServices(lab);
    await ensureRepository(lab);
    const wanted = servicesOf(content);
    if (content.mirrors !== undefined) {
        // Before they start side by side, because all of them would make it.
        await ensureTls(lab);
    }
    progress(`starting region services: ${wanted.join(", ")}`);
    await Promise.all(wanted.map((service) => startService(lab, service, content)));
}

/** Stops all region services and takes their network away. What they serve stays on disk. */
export async function stopServices(lab: Lab): Promise<void> {
    await Promise.all(services.map((service) => stopService(lab, service)));
    await detachServices(lab);
}
