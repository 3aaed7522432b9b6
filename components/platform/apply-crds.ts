import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { seconds } from "../../infra/config/types";
import { paths } from "../cluster/paths";
import { connect, SshClient, SshError } from "../remote/ssh";
import { ControlPlane, CrdTask, selectCrds } from "./crds";
import { KubernetesObject, parseManifest } from "./manifest";
import { loadUpstreamFile } from "./upstream-file";

/** For the API server to take in 2 MB of schemas and serve them. */
const limit = seconds(120);

/** Kinds of SSH failure that another control plane may not have. */
const elsewhere = ["no-answer", "refused", "broken"];

async function connectToFirst(controlPlanes: readonly ControlPlane[], privateKey: string): Promise<SshClient> {
    const failures: string[] = [];
    for (const { name, ssh } of controlPlanes) {
        try {
            return await connect({ ...ssh, name }, { kind: "key", privateKey });
        } catch (error) {
            if (!(error instanceof SshError) || !elsewhere.includes(error.kind)) {
                throw error;
            }
            failures.push(error.message);
        }
    }
    throw new Error(`fjord: no control plane could be reached to apply the CRDs:\n${failures.join("\n")}`);
}

function kubectl(client: SshClient, args: string): string {
    const sudo = client.server.user === "root" ? "" : "sudo -n ";
    return `${sudo}timeout ${limit} kubectl --kubeconfig ${paths.adminKubeconfig} ${args}`;
}

async function run(client: SshClient, args: string, what: string, stdin?: string): Promise<void> {
    const timeout = seconds(limit + 10);
    const result = await client.exec(kubectl(client, args), { what, timeout, ...(stdin !== undefined && { stdin }) });
    if (result.code !== 0) {
        const said = result.stderr.trim().slice(-2000);
        throw new Error(
            `fjord: ${client.server.name}: it could not ${what} (exit ${result.code}): ${said}\n` +
                "  what to do: check that the API server answers there (kubectl get --raw /readyz), then run again",
        );
    }
}

/** `kubectl wait` fails at once, instead of waiting, on a CRD so new that it has no status yet: it is asked again. */
async function established(client: SshClient, names: readonly string[]): Promise<void> {
    const args = `wait --for=condition=Established --timeout=60s ${names.join(" ")}`;
    const what = "see the CRDs established";
    for (let tries = 1; tries < 10; tries++) {
        try {
            return await run(client, args, what);
        } catch (error) {
            if (error instanceof SshError) {
                throw error;
            }
            await sleep(500);
        }
    }
    await run(client, args, what);
}

async function crdsOf(task: CrdTask): Promise<readonly KubernetesObject[]> {
    const manifests = await Promise.all(
        task.manifests.map(async (locked) =>
            parseManifest(await loadUpstreamFile(locked, task.mirror, task.ca), locked.path),
        ),
    );
    return selectCrds(manifests.flat());
}

async function main(): Promise<void> {
    const task = JSON.parse(process.env["FJORD_CRDS"] ?? "{}") as CrdTask;
    const privateKey = await text(process.stdin);
    const crds = await crdsOf(task);
    const client = await connectToFirst(task.controlPlanes, privateKey);
    try {
        const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: crds });
        await run(
            client,
            "apply --server-side --force-conflicts --field-manager=fjord -f -",
            "apply the CRDs",
            list,
        );
        const names = crds.map(({ metadata }) => `crd/${metadata.name}`);
        await established(client, names);
        process.stdout.write(`${names.length} CRDs\n`);
    } finally {
        client.close();
    }
}

main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
});
