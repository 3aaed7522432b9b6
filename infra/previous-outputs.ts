import * as pulumi from "@pulumi/pulumi";

/** Gives the value of one of the stack's outputs; undefined where there is none of that name. */
export type PreviousOutputs = (name: string) => Promise<unknown>;

/**
 * The outputs as the last run that succeeded left them: a stack may refer to itself, and then sees them from before this
 * run. A stack that is new, or was destroyed, has none. Call it once: it registers the reference.
 */
export function previousOutputs(): PreviousOutputs {
    const self = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
    const reference = new pulumi.StackReference("own-outputs", { name: self });
    return async (name) => (await reference.getOutputDetails(name)).value;
}
