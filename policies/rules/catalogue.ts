import { clusterRules } from "./cluster";
import { Rule } from "./core/rule";
import { gitopsRules } from "./gitops";
import { kernelRules } from "./kernel";
import { machineRules } from "./machines";
import { networkRules } from "./network";
import { recoveryRules } from "./recovery";
import { residencyRules } from "./residency";
import { secretRules } from "./secrets";
import { sshRules } from "./ssh";
import { supplyChainRules } from "./supply-chain";
import { workloadRules } from "./workloads";

/** Every rule, in the order in which they are listed. */
export const catalogue: readonly Rule[] = [
    ...machineRules,
    ...sshRules,
    ...kernelRules,
    ...clusterRules,
    ...gitopsRules,
    ...secretRules,
    ...workloadRules,
    ...networkRules,
    ...supplyChainRules,
    ...residencyRules,
    ...recoveryRules,
];
