import { fault, must, objectRule } from "../core/define";
import { Rule } from "../core/rule";
import { cis, nsa, upstream } from "../workloads/references";
import { ServiceSpec, specOf } from "../workloads/relations";

/** Types that open a port on every node. */
const openTypes = ["NodePort", "LoadBalancer"];

/** Which ways there are beside the ingress. */
export const serviceRules: readonly Rule[] = [
    objectRule(
        ["/Service"],
        {
            id: "FJ-NET-010",
            title: "Services are reached through the ingress only",
            severity: "medium",
            why: "NodePort and LoadBalancer open a port on every node, past the ingress, its TLS and its log.",
            mend: "Write type: ClusterIP, and an Ingress for what is to be reached from outside.",
            references: [
                nsa("Network separation and hardening"),
                upstream("https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types"),
            ],
        },
        (object) => {
            const { type } = specOf<ServiceSpec>(object);
            return must(!openTypes.includes(type ?? "ClusterIP"), ["spec", "type"], `is ${type}`);
        },
    ),
    objectRule(
        ["/Service"],
        {
            id: "FJ-NET-011",
            title: "No Service takes addresses from outside",
            severity: "high",
            why: "Every node sends what is meant for an external IP to this Service: it can pose as any server (CVE-2020-8554).",
            mend: "Remove spec.externalIPs, and use an Ingress.",
            references: [cis("1.2.3"), upstream("https://github.com/kubernetes/kubernetes/issues/97076")],
        },
        (object) =>
            (specOf<ServiceSpec>(object).externalIPs ?? []).map((address, index) =>
                fault(["spec", "externalIPs", index], `is ${address}`),
            ),
    ),
];
