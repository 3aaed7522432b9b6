import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { SshError } from "../remote/ssh";
import { CrdTask, selectCrds } from "./crd-task";
import { Api } from "./kubectl";
import { KubernetesObject, parseManifest } from "./manifest";
import { loadUpstreamFile } from "./upstream-file";

/** `kubectl wait` fails at once, instead of waiting, on a CRD so new that it has no status yet: it is asked again. */
async function established(api: Api, names: readonly string[]): Promise<void> {
    const args = `wait --for=condition=Established --timeout=60s ${names.join(" ")}`;
    const what = "see the CRDs established";
    for (let tries = 1; tries < 10; tries++) {
        try {
            await api.kubectl(args, { what });
            return;
        } catch (error) {
            if (error instanceof SshError) {
                throw error;
            }
            await sleep(500);
        }
    }
    await api.kubectl(args, { what });
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
    const api = new Api(task.controlPlanes, privateKey, "apply the CRDs");
    try {
        const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: crds });
        await api.kubectl("apply --server-side --force-conflicts --field-manager=fjord -f -", {
            what: "apply the CRDs",
            stdin: list,
        });
        const names = crds.map(({ metadata }) => `crd/${metadata.name}`);
        await established(api, names);
        process.stdout.write(`${names.length} CRDs\n`);
    } finally {
        api.close();
    }
}

main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
});
