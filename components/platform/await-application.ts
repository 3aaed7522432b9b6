import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { seconds } from "../../infra/config/types";
import { applicationError, ApplicationState, judgeApplication } from "./application-health";
import { AwaitTask } from "./application-step";
import { Api } from "./kubectl";
import { platformNamespaces } from "./namespaces";

/** For images to come over a slow line and pods to start. */
const limit = 300_000;

/** So many looks of Argo CD at Git must say the same before it is believed: the first may fail on its own start. */
const looks = 3;

const object = (name: string): string => `application.argoproj.io/${name} -n ${platformNamespaces.argocd}`;

/** Waits up to some seconds for the application to become healthy; comes back at once if it is. */
async function pause(api: Api, name: string): Promise<void> {
    // Not to be healthy yet is no failure of kubectl's, after which it would be run again from elsewhere.
    const args = `wait ${object(name)} --for=jsonpath='{.status.health.status}'=Healthy --timeout=3s || true`;
    await api.kubectl(args, { what: `wait for application ${name}`, limit: seconds(15) });
    await sleep(500);
}

/** Has Argo CD look again now, past what it remembers: its own next look may be minutes away. */
function refresh(api: Api, name: string): Promise<string> {
    const args = `annotate ${object(name)} argocd.argoproj.io/refresh=hard --overwrite`;
    return api.kubectl(args, { what: `have application ${name} refreshed` });
}

async function awaitApplication(api: Api, name: string): Promise<void> {
    const deadline = Date.now() + limit;
    const seen = new Set<string>();
    let doing = "Argo CD has not looked at it";
    while (Date.now() < deadline) {
        await pause(api, name);
        const answer = await api.kubectl(`get ${object(name)} -o json`, { what: `ask for application ${name}` });
        const state = JSON.parse(answer) as ApplicationState;
        const verdict = judgeApplication(state);
        if (verdict.kind === "healthy") {
            return;
        }
        if (verdict.kind === "waiting") {
            doing = verdict.doing;
            seen.clear();
            continue;
        }
        doing = verdict.why;
        seen.add(state.status?.reconciledAt ?? "");
        if (seen.size >= looks) {
            throw new Error(applicationError(name, verdict.why, verdict.fix));
        }
        await refresh(api, name);
    }
    throw new Error(
        applicationError(name, `it is not healthy after ${limit / 1000} s: ${doing}`, "look at what is in the way"),
    );
}

async function main(): Promise<void> {
    const task = JSON.parse(process.env["FJORD_APPLICATION"] ?? "{}") as AwaitTask;
    const api = new Api(task.controlPlanes, await text(process.stdin), `wait for application ${task.name}`);
    try {
        await awaitApplication(api, task.name);
        process.stdout.write("Synced and Healthy\n");
    } finally {
        api.close();
    }
}

main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
});
