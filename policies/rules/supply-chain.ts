import { Rule } from "./core/rule";
import { baseRules } from "./supply-chain/bases";
import { imageRules } from "./supply-chain/images";
import { lockRules } from "./supply-chain/lock";

/** Rules of what comes from outside: that it is pinned, and from where. By number. */
export const supplyChainRules: readonly Rule[] = [...imageRules, ...lockRules, ...baseRules];
