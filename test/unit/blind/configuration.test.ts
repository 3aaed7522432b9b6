import assert from "node:assert/strict";
import { test } from "node:test";
import { secretsOfConfig, secureValues, withoutProvider } from "../../../operations/blind/configuration";

const file = `# a comment
encryptionsalt: v1:salt
config:
  fjord:kind: trust
  fjord:token:
    secure: v1:one
  fjord:sealingKeys:
    - name: a
      supplied:
        privateKey:
          secure: v1:two
        odd key.with dots:
          secure: v1:three
`;

test("secrets are found where they stand, with the path that Pulumi takes", () => {
    assert.deepEqual(
        secureValues(file).map(({ path, secure }) => [path, secure]),
        [
            ["fjord:token", "v1:one"],
            ["fjord:sealingKeys[0].supplied.privateKey", "v1:two"],
            ['fjord:sealingKeys[0].supplied["odd key.with dots"]', "v1:three"],
        ],
    );
    assert.deepEqual(secureValues("config: {}\n"), []);
    assert.deepEqual(secureValues(""), []);
});

test("their values are what Pulumi shows there", () => {
    const shown = {
        "fjord:token": { value: "token" },
        "fjord:sealingKeys": { objectValue: [{ supplied: { privateKey: "key", "odd key.with dots": 4711 } }] },
    };
    assert.deepEqual(secretsOfConfig(file, shown), { "v1:one": "token", "v1:two": "key", "v1:three": "4711" });
    const incomplete = { "fjord:token": { value: "token" } };
    assert.throws(() => secretsOfConfig(file, incomplete), /fjord:sealingKeys\[0\]\.supplied\.privateKey cannot be read/);
});

test("a file without its provider keeps all else, comments too", () => {
    assert.equal(withoutProvider(file), file.replace("encryptionsalt: v1:salt\n", ""));
    const vault = "secretsprovider: hashivault://fjord\nencryptedkey: abc\nconfig:\n  a:encryptedkey: kept\n";
    assert.equal(withoutProvider(vault), "config:\n  a:encryptedkey: kept\n");
});
