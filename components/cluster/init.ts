import * as crypto from "node:crypto";
import { seconds } from "../../infra/config/types";
import { decideInit, InitDecision } from "./decide";
import { apiServerFiles, fileParams } from "./files";
import { initConfiguration, resetConfiguration, toYaml } from "./kubeadm";
import { findLive, LiveCluster, waitFor } from "./live";
import { observeOrNot } from "./observe";
import { operatorAccount } from "./paths";
import { Session, StepError } from "./session";
import { settingsHash } from "./settings";
import { InitInput, Member } from "./spec";

/** Name of the ConfigMap that says which settings the cluster's own copy (kubeadm-config, kubelet-config) has. */
export const settingsRecord = "fjord-cluster";

/** A bootstrap token in kubeadm's form. */
function bootstrapToken(): string {
    const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    const letters = (count: number) =>
        Array.from({ length: count }, () => alphabet[crypto.randomInt(alphabet.length)]).join("");
    return `${letters(6)}.${letters(16)}`;
}

/** The account that the operator's short-lived tokens are for, and the record of settings. */
function bootstrapObjects(settings: string): string {
    const { namespace, name } = operatorAccount;
    return JSON.stringify({
        apiVersion: "v1",
        kind: "List",
        items: [
            { apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace, name } },
            {
                apiVersion: "rbac.authorization.k8s.io/v1",
                kind: "ClusterRoleBinding",
                metadata: { name },
                roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
                subjects: [{ kind: "ServiceAccount", namespace, name }],
            },
            { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name: settingsRecord }, data: { settings } },
        ],
    });
}

/** Which settings the cluster's own copy has; undefined before `init` has recorded them. */
export async function recordedSettings(live: LiveCluster): Promise<string | undefined> {
    const text = await live.kubectl(
        [
            "get",
            "configmap",
            settingsRecord,
            "-n",
            operatorAccount.namespace,
            "--ignore-not-found",
            "-o",
            "jsonpath={.data.settings}",
        ],
        { what: "ask for the recorded settings" },
    );
    return text.trim() || undefined;
}

/** Writes the account and the record; the same again changes nothing. */
export async function applyBootstrapObjects(live: LiveCluster, settings: string): Promise<void> {
    await live.kubectl(["apply", "--server-side", "--field-manager=fjord", "--force-conflicts", "-f", "-"], {
        what: "make the operator's account",
        stdin: bootstrapObjects(settings),
    });
}

async function begin(session: Session, input: InitInput, member: Member): Promise<LiveCluster> {
    await session.script(member, {
        script: "member",
        params: {
            VERB: "init",
            REGION: input.spec.region,
            SETTINGS: settingsHash(input.spec),
            CONFIG: toYaml(initConfiguration(input.spec, member, bootstrapToken())),
            ...fileParams(apiServerFiles(input.encryptionKey)),
        },
        timeout: seconds(900),
    });
    return new LiveCluster(session, member);
}

/** Asks all control planes. A cluster whose machines have just been started gets the time to answer. */
async function decide(session: Session, input: InitInput): Promise<InitDecision> {
    let decision: InitDecision | undefined;
    await waitFor(seconds(120), async () => {
        const observations = await Promise.all(input.controlPlanes.map((member) => observeOrNot(session, member)));
        decision = decideInit(input.spec.region, observations);
        return decision.do === "refuse" && decision.mayPass ? undefined : true;
    });
    if (!decision) {
        throw new Error("no control plane was asked");
    }
    return decision;
}

/**
 * Makes sure that there is a cluster, and begins one only where there is none and never was one.
 * @returns the cluster's CA certificate (public)
 */
export async function init(session: Session, input: InitInput): Promise<string> {
    const decision = await decide(session, input);
    const named = (fqdn: string): Member => {
        const member = input.controlPlanes.find((candidate) => candidate.fqdn === fqdn);
        if (!member) {
            throw new Error(`no control plane is named ${fqdn}`);
        }
        return member;
    };
    if (decision.do === "refuse") {
        throw StepError.of(input.spec.region, "init", decision.problem, decision.fix);
    }
    if (decision.do === "nothing") {
        const live = (await findLive(session, input.controlPlanes)) ?? new LiveCluster(session, named(decision.from));
        await applyBootstrapObjects(live, (await recordedSettings(live)) ?? settingsHash(input.spec));
        return live.ca();
    }
    const reset = { script: "reset", params: { CONFIG: toYaml(resetConfiguration()) }, timeout: seconds(300) } as const;
    await Promise.all(decision.reset.map((fqdn) => session.script(named(fqdn), reset)));
    const live = await begin(session, input, named(decision.on));
    const [ca] = await Promise.all([live.ca(), applyBootstrapObjects(live, settingsHash(input.spec))]);
    return ca;
}
