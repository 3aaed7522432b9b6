import { fault, must, objectRule } from "../core/define";
import { at } from "../core/pods";
import { Rule } from "../core/rule";
import { fieldsOf, textOf } from "../values";
import { ownsTheNode } from "./node-paths";
import { kubescape, nsa, upstream } from "./references";
import { specOf } from "./relations";

/** A PersistentVolume as far as it is looked at: of each source, where it leads. */
interface VolumeSpec {
    readonly hostPath?: unknown;
    readonly local?: unknown;
    readonly nodeAffinity?: unknown;
}

/** Where volumes lead that outlive their pods. */
export const volumeRules: readonly Rule[] = [
    objectRule(
        ["/PersistentVolume"],
        {
            id: "FJ-WRK-040",
            title: "No PersistentVolume leads to the files of a node",
            severity: "high",
            why: "Pod Security refuses hostPath in a pod, but not a claim: through such a volume any pod has the node's files.",
            mend: "Use a CSI driver; or local, with nodeAffinity, on a disk of its own that holds nothing of the node.",
            references: [
                kubescape("C-0048"),
                nsa("Kubernetes Pod security"),
                upstream("https://kubernetes.io/docs/concepts/storage/volumes/#local"),
            ],
        },
        (object) => {
            const { hostPath, local, nodeAffinity } = specOf<VolumeSpec>(object);
            if (hostPath !== undefined) {
                return [fault(["spec", "hostPath", "path"], `is ${textOf(fieldsOf(hostPath)["path"]) ?? "left out"}`)];
            }
            if (local === undefined) {
                return [];
            }
            const path = textOf(fieldsOf(local)["path"]) ?? "/";
            const bound = at(nodeAffinity, ["required"]) !== undefined;
            return [
                ...must(!ownsTheNode(path), ["spec", "local", "path"], `is ${path}, where the node keeps its own`),
                ...must(bound, ["spec", "nodeAffinity", "required"], "is missing: on every node it would be another directory"),
            ];
        },
    ),
];
