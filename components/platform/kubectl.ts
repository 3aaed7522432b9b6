import { setTimeout as sleep } from "node:timers/promises";
import { SshTarget, Seconds, seconds } from "../../infra/config/types";
import { paths } from "../cluster/paths";
import { connect, SshClient, SshError } from "../remote/ssh";

/** A control plane, by the name that messages call it. */
export interface ControlPlane {
    /** `cp-01.osl.node` */
    readonly name: string;
    readonly ssh: SshTarget;
}

/** Kinds of SSH failure that another control plane may not have. */
const elsewhere = ["no-answer", "refused", "broken", "jump"];

/** How often all are asked before it is an error: an API server may be restarting. */
const rounds = 3;

/** Enters a control plane, if the API answers from there: one that is being made again has no cluster yet. */
async function enter({ name, ssh }: ControlPlane, privateKey: string): Promise<SshClient> {
    const client = await connect({ ...ssh, name }, { kind: "key", privateKey });
    try {
        await kubectl(client, "get --raw /readyz --request-timeout=10s", { what: "ask the API", limit: seconds(15) });
        return client;
    } catch (error) {
        client.close();
        throw error;
    }
}

/** Enters the first control plane from which the API answers. */
async function connectToFirst(
    controlPlanes: readonly ControlPlane[],
    privateKey: string,
    purpose: string,
): Promise<SshClient> {
    let failures: string[] = [];
    for (let round = 1; round <= rounds; round++) {
        failures = [];
        for (const controlPlane of controlPlanes) {
            try {
                return await enter(controlPlane, privateKey);
            } catch (error) {
                if (error instanceof SshError && !elsewhere.includes(error.kind)) {
                    throw error;
                }
                failures.push((error as Error).message);
            }
        }
        await sleep(2000);
    }
    throw new Error(`fjord: no control plane could be reached to ${purpose}:\n${failures.join("\n")}`);
}

/** What a run of kubectl is for, and its bounds. */
export interface KubectlOptions {
    /** Ends the sentence "it could not ...". */
    readonly what: string;
    readonly stdin?: string;
    /** Longest run. Default 120 s: for the API server to take in 2 MB of schemas and serve them. */
    readonly limit?: Seconds;
}

/** Runs kubectl on a control plane with the credentials that lie there. */
async function kubectl(client: SshClient, args: string, options: KubectlOptions): Promise<string> {
    const { what, stdin, limit = seconds(120) } = options;
    const sudo = client.server.user === "root" ? "" : "sudo -n ";
    const command = `${sudo}timeout ${limit} kubectl --kubeconfig ${paths.adminKubeconfig} ${args}`;
    const timeout = seconds(limit + 10);
    const result = await client.exec(command, { what, timeout, ...(stdin !== undefined && { stdin }) });
    if (result.code !== 0) {
        const said = result.stderr.trim().slice(-2000);
        throw new Error(
            `fjord: ${client.server.name}: it could not ${what} (exit ${result.code}): ${said}\n` +
                "  what to do: check that the API server answers there (kubectl get --raw /readyz), then run again",
        );
    }
    return result.stdout;
}

/** The API through whichever control plane it answers from. */
export class Api {
    private client: SshClient | undefined;

    /** `purpose` ends the sentence "could be reached to ...". */
    constructor(
        private readonly controlPlanes: readonly ControlPlane[],
        private readonly privateKey: string,
        private readonly purpose: string,
    ) {}

    /**
     * Runs kubectl. Where it fails it is run once more, from the first control plane that answers by then: the one before
     * may be about to be made again, which takes its credentials away.
     * @returns what it printed
     */
    async kubectl(args: string, options: KubectlOptions): Promise<string> {
        try {
            return await kubectl(await this.entered(), args, options);
        } catch {
            this.close();
            return kubectl(await this.entered(), args, options);
        }
    }

    close(): void {
        this.client?.close();
        this.client = undefined;
    }

    private async entered(): Promise<SshClient> {
        this.client ??= await connectToFirst(this.controlPlanes, this.privateKey, this.purpose);
        return this.client;
    }
}
