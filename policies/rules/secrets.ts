import { Rule } from "./core/rule";
import { sealedRules } from "./secrets/sealed";
import { clearTextRules } from "./secrets/clear-text";
import { commandLineRules } from "./secrets/command-line";

/** Rules of what must be kept: sealed in Git, encrypted in the state, in no variable, no list of processes and no log. By number. */
export const secretRules: readonly Rule[] = [...sealedRules, ...clearTextRules, ...commandLineRules].sort((a, b) => (a.id < b.id ? -1 : 1));
