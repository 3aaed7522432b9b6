import { Rule } from "./core/rule";
import { applicationRules } from "./gitops/applications";
import { credentialRules } from "./gitops/credentials";
import { driftRules } from "./gitops/drift";
import { projectRules } from "./gitops/projects";

/** Rules of the way from Git into the cluster, by number. */
export const gitopsRules: readonly Rule[] = [
    ...applicationRules,
    ...projectRules,
    ...driftRules,
    ...credentialRules,
].sort((a, b) => (a.id < b.id ? -1 : 1));
