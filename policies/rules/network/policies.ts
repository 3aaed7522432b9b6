import { must, objectRule } from "../core/define";
import { podKinds, Pods } from "../core/pods";
import { Answer, notApplicable, Rule } from "../core/rule";
import { Surroundings } from "../core/surroundings";
import { KubernetesObject } from "../core/subject";
import { checkov, cis, kubescape, nsa, upstream } from "../workloads/references";
import { LabelSelector, neighbours, podRelationRule, selects, specOf } from "../workloads/relations";

interface Peer {
    readonly ipBlock?: { readonly cidr?: string; readonly except?: readonly string[] };
}

/** One line of a policy: `from` for what comes in, `to` for what goes out. */
interface Allowance {
    readonly from?: readonly Peer[];
    readonly to?: readonly Peer[];
    readonly ports?: readonly object[];
}

interface NetworkPolicySpec {
    readonly podSelector?: LabelSelector;
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly Allowance[];
    readonly egress?: readonly Allowance[];
}

type Direction = "Ingress" | "Egress";

const policyKind = "networking.k8s.io/NetworkPolicy";
const everywhere = ["0.0.0.0/0", "::/0"];

const isEverybody = ({ ipBlock }: Peer): boolean =>
    everywhere.includes(ipBlock?.cidr ?? "") && (ipBlock?.except ?? []).length === 0;

/** Whether a policy is about that direction. Unless it says so: what comes in always, what goes out where it has such lines. */
function isAbout({ policyTypes, egress }: Partial<NetworkPolicySpec>, direction: Direction): boolean {
    return policyTypes ? policyTypes.includes(direction) : direction === "Ingress" || (egress ?? []).length > 0;
}

/** Whether a policy shuts out what it does not name, for the pods of an object. */
function isLimited(pod: Pods, surroundings: Surroundings, object: KubernetesObject, direction: Direction): boolean {
    return neighbours(object, surroundings, policyKind).some((policy) => {
        const spec = specOf<NetworkPolicySpec>(policy);
        return isAbout(spec, direction) && selects(spec.podSelector ?? {}, pod.metadata.labels ?? {});
    });
}

const limited =
    (direction: Direction, message: string) =>
    (pod: Pods, surroundings: Surroundings, object: KubernetesObject): Answer =>
        pod.spec.hostNetwork === true
            ? notApplicable("is on the node's network, where no NetworkPolicy holds")
            : must(isLimited(pod, surroundings, object, direction), ["metadata", "namespace"], message);

/** `ingress` or `egress` of a policy, with their place. */
function allowances(
    object: KubernetesObject,
): readonly { readonly at: readonly (string | number)[]; readonly allowed: Allowance }[] {
    const { ingress, egress } = specOf<NetworkPolicySpec>(object);
    return [
        ...(ingress ?? []).map((allowed, index) => ({ at: ["spec", "ingress", index], allowed })),
        ...(egress ?? []).map((allowed, index) => ({ at: ["spec", "egress", index], allowed })),
    ];
}

const references = [
    cis("5.3.2"),
    nsa("Network separation and hardening"),
    kubescape("C-0030"),
    kubescape("C-0260"),
    checkov("CKV2_K8S_6"),
];

/**
 * What pods may reach, and who reaches them. A NetworkPolicy holds only where something in the cluster enforces it,
 * which flannel alone does not: these rules see to it that the policies are there and say something.
 */
export const networkPolicyRules: readonly Rule[] = [
    podRelationRule(
        podKinds,
        {
            id: "FJ-NET-012",
            title: "A NetworkPolicy says who may reach a pod",
            severity: "medium",
            why: "Without one every pod of the cluster reaches it. Where the network is flannel alone, nothing enforces it.",
            mend: "Add a NetworkPolicy with podSelector: {} and policyTypes: [Ingress], and one that allows what is needed.",
            references,
        },
        limited("Ingress", "has no NetworkPolicy that limits what comes in to these pods"),
    ),
    podRelationRule(
        podKinds,
        {
            id: "FJ-NET-013",
            title: "A NetworkPolicy says what a pod may reach",
            severity: "medium",
            why: "Without one, who breaks in looks around in the cluster, and sends what is found anywhere in the world.",
            mend: "Add a NetworkPolicy with podSelector: {} and policyTypes: [Egress], and one that allows DNS and the like.",
            references,
        },
        limited("Egress", "has no NetworkPolicy that limits what goes out of these pods"),
    ),
    objectRule(
        [policyKind],
        {
            id: "FJ-NET-014",
            title: "No NetworkPolicy allows everything",
            severity: "medium",
            why: "Policies add up: one that allows all of it takes the meaning from all others for these pods.",
            mend: "Name ports, or from and to, in each entry of ingress and egress.",
            references: [
                nsa("Network separation and hardening"),
                upstream("https://kubernetes.io/docs/concepts/services-networking/network-policies/"),
            ],
        },
        (object) =>
            allowances(object).flatMap(({ at, allowed }) => {
                const peers = [...(allowed.from ?? []), ...(allowed.to ?? [])];
                // Who may come from the whole world is anybody; what goes out to it is the next rule's matter.
                const named = peers.length > 0 && !(allowed.from ?? []).some(isEverybody);
                return must(
                    named || (allowed.ports ?? []).length > 0,
                    at,
                    "names no ports, and no peers or all of them, which allows all",
                );
            }),
    ),
    objectRule(
        [policyKind],
        {
            id: "FJ-NET-015",
            title: "No pod may send to the whole world",
            severity: "medium",
            why: "What may go to every address may leave the country, and reaches the nodes and the cluster's own network.",
            mend: "Write the networks that are needed as cidr, or leave out the private ones by except.",
            references: [
                nsa("Network separation and hardening"),
                upstream(
                    "https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-ipblock-selectors",
                ),
            ],
        },
        (object) =>
            (specOf<NetworkPolicySpec>(object).egress ?? []).flatMap(({ to }, line) =>
                (to ?? []).flatMap((one, peer) => {
                    const place = ["spec", "egress", line, "to", peer, "ipBlock", "cidr"];
                    return must(!isEverybody(one), place, `is ${one.ipBlock?.cidr} without except`);
                }),
            ),
    ),
];
