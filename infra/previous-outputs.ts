import * as pulumi from "@pulumi/pulumi";

/** The function of the engine itself by which a stack reference reads; it belongs to no provider. */
export const readStackOutputs = "pulumi:pulumi:readStackOutputs";

/**
 * The stack's own outputs as the last run that succeeded left them: a stack may read itself, and then sees them from
 * before this run. A stack that is new, or was destroyed, has none.
 *
 * Asked for without a StackReference, which is a resource: the state would hold the outputs of the run before the last
 * one, and every refresh after a change of them would find a difference that nobody made.
 */
export async function previousOutputs(): Promise<Readonly<Record<string, unknown>>> {
    const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
    const { outputs } = (await pulumi.runtime.invoke(readStackOutputs, { name })) as { readonly outputs?: Record<string, unknown> };
    return outputs ?? {};
}
