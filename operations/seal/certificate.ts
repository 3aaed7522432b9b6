import execa from "execa";

/** The name of the trust stack's output with the active key's certificate. */
export const certificateOutput = "sealingCertificate";

/**
 * The active sealing certificate (PEM) of a trust stack, read with the Pulumi CLI from its state. Throws an error that
 * says what to do where there is no such stack, no such output, or no CLI.
 */
export async function certificateOfTrustStack(stack: string): Promise<string> {
    try {
        const { stdout } = await execa(
            "pulumi",
            ["stack", "output", certificateOutput, "-s", stack, "--non-interactive"],
            { stdin: "ignore", timeout: 60_000 },
        );
        return stdout;
    } catch (error) {
        const { code, stderr } = error as { readonly code?: string; readonly stderr?: string };
        const failure =
            code === "ENOENT" ? "pulumi is not on PATH" : stderr?.trim() || "pulumi did not answer within 60 s";
        throw new Error(
            `cannot read ${certificateOutput} of stack ${stack}: ${failure}\n` +
                "  what to do: log in to the state backend (pulumi login) and bring the trust stack up, or give its certificate with --cert FILE",
        );
    }
}
