import { stackFiles } from "../../components/cluster/home";
import { ensureTunnel, mintToken } from "./ensure-tunnel";
import { cachedToken, cacheToken, execCredential } from "./token-cache";

/** The exec plugin of a region's kubeconfig: keeps the tunnel open and prints a token. */
async function main(stack: string): Promise<void> {
    const { token: file } = stackFiles(stack);
    const cached = cachedToken(file);
    if (cached) {
        await ensureTunnel(stack);
        process.stdout.write(`${execCredential(cached)}\n`);
        return;
    }
    const { token } = await mintToken(stack);
    if (!token) {
        throw new Error("fjord: the tunnel gave no token");
    }
    cacheToken(file, token);
    process.stdout.write(`${execCredential(token)}\n`);
}

main(process.argv[2] ?? "").catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
});
