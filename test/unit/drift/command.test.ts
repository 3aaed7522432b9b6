import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { dump } from "js-yaml";
import { wrongUse } from "../../../operations/drift/judge";
import { keyPair } from "../../support/ssh-key";
import { Config, loaded, problems, project, raw, region, set } from "../config/fixtures";

const [one, two] = [keyPair().public, keyPair().public];

test("drift keys: none by default, public, named once, and no operator's", () => {
    const plain = loaded(region());
    assert.ok(plain.ok && plain.config.kind === "region");
    assert.deepEqual(plain.config.ssh.driftKeys, []);
    const withKeys = (...keys: string[]) => set(region(), ["ssh", "driftKeys"], keys);
    assert.deepEqual(problems(withKeys(one, two)), []);
    assert.match(problems(withKeys(one, `${one} again`)).join(), /driftKeys\[1\]: is also fjord:ssh\.driftKeys\[0\]/);
    assert.match(problems(withKeys("-----BEGIN OPENSSH PRIVATE KEY-----")).join(), /driftKeys\[0\]: .*private key/);
    const shared = set(withKeys(one), ["ssh", "authorizedKeys"], [`${one} anna@laptop`]);
    assert.match(problems(shared).join(), /driftKeys\[0\]: is also in fjord:ssh\.authorizedKeys/);
});

/** The command with these words, where a stack's file says this. */
function drift(config: Config, ...words: readonly string[]): { code: number | null; stderr: string } {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-drift-"));
    try {
        const file = path.join(folder, "Pulumi.x.yaml");
        fs.writeFileSync(file, dump({ config: raw(config) }));
        const args = ["--import", "tsx", "operations/drift/index.ts", ...words.map((word) => word.replace("FILE", file))];
        const env = { PATH: process.env["PATH"], HOME: folder };
        const { status, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: "utf8", env });
        return { code: status, stderr };
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

test("wrong use asks nobody and has an exit code of its own", () => {
    const cases: [Config, RegExp, ...string[]][] = [
        [region(), /required option.*--stack/],
        [region(), /ENOENT/, "--stack", "x", "--config-file", "/nowhere"],
        [set(region(), ["domain"], undefined), /fjord:domain/, "--stack", "x", "--config-file", "FILE"],
        [region(), /unknown option/, "--stack", "x", "--write"],
    ];
    for (const [config, pattern, ...words] of cases) {
        const { code, stderr } = drift(config, ...words);
        assert.equal(code, wrongUse, stderr);
        assert.match(stderr, pattern);
    }
});
