import { program } from "./program";

/** The Pulumi program: what the stack's configuration describes, as resources. Its value is the stack's outputs. */
export = program;
