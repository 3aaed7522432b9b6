import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, test } from "node:test";
import { review } from "../../../operations/review/review";

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-review-"));
after(() => fs.rmSync(scratch, { recursive: true }));

function written(name: string, text: string): string {
    fs.writeFileSync(path.join(scratch, name), text);
    return path.join(scratch, name);
}

const nothing = { stacks: [], folders: [], manifests: { env: {} }, checkpoints: [], rules: [], exceptions: [], today: "2026-11-23" };

test("what cannot be read is a sentence of its own, with its line as its place", async () => {
    written("a.yaml", "apiVersion: v1\nkind: ConfigMap\nkind: Pod\n");
    written("b.yaml", "kind: ConfigMap\napiVersion: v1\nmetadata: {}\n");
    const { problems } = await review({ ...nothing, folders: [scratch] });
    assert.deepEqual(problems, [
        {
            reader: "git",
            message: "Is no YAML: duplicated mapping key. Mend the file: what is in it was not judged.",
            place: { file: "a.yaml", line: 3 },
        },
        {
            reader: "git",
            message: "Has no metadata.name. Name the object: without a name it was not judged.",
            place: { file: "b.yaml", line: 3 },
        },
    ]);
});

test("what has no line of its own is at the first of its file", async () => {
    const file = written("state.txt", "{");
    const { problems } = await review({ ...nothing, checkpoints: [file] });
    assert.deepEqual(
        problems.map(({ message, place }) => [message.slice(0, 11), place]),
        [["Is no JSON.", { file, line: 1 }]],
    );
});
