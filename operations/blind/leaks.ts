import { textsIn } from "./checkpoint";
import { fromBase64, jsonText, keyRuns, shortest, traces } from "./forms";
import { withoutPublic } from "./public-texts";
import { keyMark, markedRun } from "./stand-ins";

/** What is left of secrets, described without showing it. */
export function findLeaks(written: unknown, secrets: readonly string[]): readonly string[] {
    const text = [...new Set(textsIn(written, "with secrets").flatMap(opened))].map(withoutPublic).join("\n");
    const keys = keyRuns(text).filter((run) => run.length >= markedRun && !run.startsWith(keyMark));
    const found = secrets
        .flatMap((secret) => [secret, ...keyRuns(secret).filter((run) => run.length >= markedRun)])
        .filter((secret) => secret.trim().length >= shortest && traces(secret).some((trace) => text.includes(trace)));
    return [
        ...found.map((secret) => `a secret of ${secret.trim().length} characters`),
        ...(keys.length > 0 ? [`a private key: ${keys.length} lines of it`] : []),
    ];
}

/** A text, or what it holds where it is JSON or base64: what is public in it shows only there. */
function opened(text: string): readonly string[] {
    const json = jsonText(text);
    if (json) {
        return textsIn(json.value, "with secrets").flatMap(opened);
    }
    const inner = fromBase64(text);
    return inner === undefined ? [text] : opened(inner);
}
