import { Rule } from "./core/rule";
import { sealedRules } from "./secrets/sealed";
import { clearTextRules } from "./secrets/clear-text";

/** Rules of what must be kept: sealed in Git, encrypted in the state, in no variable and no log. By number. */
export const secretRules: readonly Rule[] = [...sealedRules, ...clearTextRules].sort((a, b) => (a.id < b.id ? -1 : 1));
