import { apiServerRules } from "./cluster/api-server";
import { auditRules } from "./cluster/audit";
import { componentRules } from "./cluster/components";
import { kubeletRules } from "./cluster/kubelet";
import { wholeClusterRules } from "./cluster/whole";
import { Rule } from "./core/rule";

export const clusterRules: readonly Rule[] = [
    ...apiServerRules,
    ...auditRules,
    ...componentRules,
    ...kubeletRules,
    ...wholeClusterRules,
];
