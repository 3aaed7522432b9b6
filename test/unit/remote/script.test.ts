import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test, TestContext } from "node:test";
import { preflightStep } from "../../../components/nodes/steps";
import { renderScript } from "../../../components/remote/script";
import { examplePlan } from "../nodes/example";

const measure = fs.readFileSync(path.resolve(__dirname, "../../../components/remote/measure.sh"), "utf8");

/** A script of a test's own, rendered. */
function render(t: TestContext, text: string): string {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-script-"));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const file = path.join(folder, "example.sh");
    fs.writeFileSync(file, text);
    return renderScript({ file, node: "cp-01.osl.node", step: "example", mode: "apply", params: {} });
}

test("what a script takes in stands where it asks for it, as it is", (t) => {
    const text = render(t, "say first\n. measure.sh\nsay last\n");
    assert.ok(text.endsWith(`\nstart\nsay first\n${measure}\nsay last\n\nfinish\n}\n`), text);
});

test("a script that asks for nothing gets nothing, and no line that only looks like asking is changed", (t) => {
    const lines = ". /etc/os-release\n    . measure.sh\n. measure.sh || true\n. /usr/local/lib/fjord/drift/lib.sh\n";
    assert.ok(render(t, lines).includes(lines));
});

test("a script that asks for what is not there is refused, by its name", (t) => {
    assert.throws(() => render(t, ". measures.sh\n"), /example\.sh takes in measures\.sh: .* has only measure\.sh/);
});

test("the preflight of a node takes in what it calls", () => {
    const { script: file, params } = preflightStep(examplePlan("cp-01"));
    const text = renderScript({ file, node: "cp-01.osl.node", step: "preflight", mode: "apply", params });
    assert.equal(text.split(measure).length, 2);
});
