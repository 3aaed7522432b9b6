import { seconds } from "../../infra/config/types";
import { SshError } from "../remote/ssh";
import { Holding, Observation } from "./decide";
import { apiPort } from "./paths";
import { Session } from "./session";
import { Member } from "./spec";

/** Reads what scripts/observe.sh prints. */
export function parseHolding(text: string): Holding {
    const values = new Map(
        text
            .split("\n")
            .filter((line) => line.includes("="))
            .map((line): [string, string] => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    const value = (key: string): string => {
        const found = values.get(key);
        if (found === undefined) {
            throw new Error(`the observation of a machine lacks "${key}"`);
        }
        return found;
    };
    const [verb, startedRegion = ""] = value("started").split(" ");
    const [region, settings = ""] = value("completed").split(" ");
    const ca = Buffer.from(value("ca"), "base64").toString("utf8");
    const kubelet = value("kubelet");
    return {
        ...(verb === "init" || verb === "join" ? { started: { verb, region: startedRegion } } : {}),
        ...(region ? { completed: { region, settings } } : {}),
        etcdData: value("etcdData") === "true",
        credentials: value("credentials") === "true",
        ...(ca ? { ca } : {}),
        apiReady: value("apiReady") === "true",
        ...(kubelet ? { kubeletVersion: kubelet } : {}),
    };
}

/** What a machine holds. It waits for a script that still runs there. */
export async function observe(session: Session, member: Member): Promise<Holding> {
    const api = member.role === "control-plane" ? `${member.nodeAddress}:${apiPort}` : "";
    return parseHolding(
        await session.script(member, { script: "observe", params: { API: api }, timeout: seconds(60) }),
    );
}

/** The same, where not answering is an answer too. */
export async function observeOrNot(session: Session, member: Member): Promise<Observation> {
    try {
        return { machine: member.fqdn, answered: true, holding: await observe(session, member) };
    } catch (error) {
        if (error instanceof SshError) {
            return { machine: member.fqdn, answered: false, problem: error.message.split("\n")[0] ?? error.kind };
        }
        throw error;
    }
}
