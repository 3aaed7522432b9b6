import { Rule } from "./core/rule";
import { ingressRules } from "./network/ingress";
import { networkPolicyRules } from "./network/policies";
import { serviceRules } from "./network/services";

export const networkRules: readonly Rule[] = [...ingressRules, ...serviceRules, ...networkPolicyRules];
