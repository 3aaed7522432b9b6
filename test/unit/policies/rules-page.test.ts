import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { byArea, page, pageFile } from "../../../operations/rules/page";
import { catalogue } from "../../../policies/rules/catalogue";
import { rules } from "./reports-example";

test("the committed page is current", () => {
    const committed = fs.readFileSync(path.resolve(__dirname, "../../..", pageFile), "utf8");
    assert.ok(committed === page(catalogue), `run \`npm run rules -- --page\` and commit ${pageFile}`);
});

test("the page has every rule once, by area, and its links lead somewhere", () => {
    const text = page(catalogue);
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
        heading!
            .toLowerCase()
            .replace(/[^a-z0-9 -]/g, "")
            .replaceAll(" ", "-"),
    );
    assert.equal(new Set(headings).size, headings.length);
    for (const [, link] of text.matchAll(/\]\(#([^)]*)\)/g)) {
        assert.ok(headings.includes(link!), link);
    }
    assert.deepEqual(
        headings.filter((heading) => /^fj-/.test(heading)).sort(),
        catalogue.map(({ id }) => id.toLowerCase()).sort(),
    );
    assert.equal(
        byArea(catalogue).reduce((sum, group) => sum + group.rules.length, 0),
        catalogue.length,
    );
});

test("what would be markup in a rule's text is none on the page", () => {
    const text = page(Object.values(rules));
    assert.match(text, /^\| \[FJ-WRK-902\]\(#fj-wrk-902\) \| high \| Workloads are \\\| careful \|$/m);
    assert.match(text, /\*\*Traffic is \\<encrypted\\>\.\*\* Otherwise something else happens\./);
});
