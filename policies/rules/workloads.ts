import { Rule } from "./core/rule";
import { accountRules } from "./workloads/accounts";
import { availabilityRules } from "./workloads/availability";
import { disruptionRules } from "./workloads/disruption";
import { isolationRules } from "./workloads/isolation";
import { privilegeRules } from "./workloads/privileges";
import { resourceRules } from "./workloads/resources";
import { servedRules } from "./workloads/served";
import { volumeRules } from "./workloads/volumes";

export const workloadRules: readonly Rule[] = [
    ...isolationRules,
    ...privilegeRules,
    ...accountRules,
    ...resourceRules,
    ...availabilityRules,
    ...disruptionRules,
    ...volumeRules,
    ...servedRules,
];
