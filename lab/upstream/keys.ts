import * as fs from "node:fs";
import * as path from "node:path";
import { upstreamApt } from "../../infra/config/defaults";
import type { Lab } from "../plan";
import { downloadText } from "./download";

/** Public keys that sign upstream's apt repositories, ASCII-armoured. */
export type UpstreamKeys = Readonly<Record<keyof typeof upstreamApt, string>>;

/** URL in the command with which a person fetches a key. Pure. */
export function keyUrl(source: keyof typeof upstreamApt): string {
    const url = upstreamApt[source].fetchKey.split(" ").at(-1) ?? "";
    if (!url.startsWith("https://")) {
        throw new Error(`the command that fetches the key of ${source} does not end with an https URL`);
    }
    return url;
}

/**
 * The keys, fetched once for a lab and kept in its folder. Whoever answers first over TLS is trusted, which is enough
 * for a lab and not for a region: there a person compares the fingerprints.
 */
export async function upstreamKeys(lab: Lab): Promise<UpstreamKeys> {
    const key = async (source: keyof typeof upstreamApt): Promise<string> => {
        const file = path.join(lab.dir, "keys", `upstream-${source}.asc`);
        if (!fs.existsSync(file)) {
            const text = await downloadText(keyUrl(source));
            fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
            fs.writeFileSync(file, text);
        }
        return fs.readFileSync(file, "utf8");
    };
    const [kubernetes, containerd] = await Promise.all([key("kubernetes"), key("containerd")]);
    return { kubernetes, containerd };
}
