import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import Ajv from "ajv";
import { load } from "js-yaml";
import { stackFileSchema, stackFileSchemaText } from "../../../infra/config/json-schema";
import { regionSchema } from "../../../infra/config/schema/region";
import { examples } from "./breakages";
import { project } from "./fixtures";

const validate = new Ajv({ strict: false, allErrors: true }).compile(stackFileSchema());

function stack(name: string): { config: Record<string, unknown> } {
    return load(fs.readFileSync(path.join(project, `stacks/Pulumi.${name}.yaml`), "utf8")) as {
        config: Record<string, unknown>;
    };
}

test("the committed schema is current", () => {
    const committed = fs.readFileSync(path.join(project, "stacks/fjord.schema.json"), "utf8");
    assert.ok(committed === stackFileSchemaText(), "run `npm run schema` and commit stacks/fjord.schema.json");
});

for (const name of ["no-oslo-1", "no-bergen-1", "trust"]) {
    test(`an editor finds nothing wrong with the example ${name}, and with Pulumi's own keys in it`, () => {
        const file = { ...stack(name), encryptionsalt: "v1:abc" };
        file.config["pulumi:disable-default-providers"] = ["*"];
        assert.ok(validate(file), JSON.stringify(validate.errors));
    });
}

test("an editor marks unknown keys, wrong forms and private keys in clear", () => {
    const errors = (config: Record<string, unknown>) => {
        validate({ config });
        return (validate.errors ?? [])
            .map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)
            .join("\n");
    };
    assert.match(errors({ ...stack("no-oslo-1").config, "fjord:nme": "x" }), /additional properties.*fjord:nme/);
    assert.match(errors({ ...stack("no-oslo-1").config, "fjord:domain": "UPPER" }), /fjord:domain must match pattern/);
    const key = (privateKey: unknown) => ({
        ...stack("trust").config,
        "fjord:sealingKeys": [{ name: "a", state: "active", supplied: { privateKey, certificate: "x" } }],
    });
    assert.match(errors(key("-----BEGIN RSA PRIVATE KEY-----")), /privateKey must be object/);
    assert.equal(errors(key({ secure: "AAABAA==" })), "");
});

test("an editor marks what does not belong to a machine's kind", () => {
    const { config } = stack("no-bergen-1");
    const withMachine = (change: Record<string, unknown>) => {
        const [first, ...others] = config["fjord:machines"] as Record<string, unknown>[];
        return validate({ config: { ...config, "fjord:machines": [{ ...first, ...change }, ...others] } });
    };
    assert.ok(withMachine({ hypervisor: "hv-01" }));
    const wrong = [{ kind: "existing" }, { kind: "kvm" }, { kind: undefined }, { hostKey: "x" }, { plam: "x" }];
    for (const change of wrong) {
        assert.ok(!withMachine(change), JSON.stringify(change));
    }
});

test("an editor refuses nothing that the program's own schema accepts", () => {
    const refused = examples.map(({ region, breakages }) =>
        breakages.filter((breakage) => {
            const config = breakage.break(region());
            const fields = Object.fromEntries(Object.entries(config).map(([key, value]) => [`fjord:${key}`, value]));
            const accepted = validate({ config: fields });
            assert.ok(accepted || !regionSchema.safeParse(config).success, breakage.what);
            return !accepted;
        }),
    );
    assert.ok(refused.every(({ length }) => length > 9), "a fair part of what can be wrong shows in an editor already");
});

interface Node {
    readonly type?: string;
    readonly description?: string;
    readonly properties?: Readonly<Record<string, Node>>;
    readonly items?: Node;
    readonly oneOf?: readonly Node[];
}

test("every key of a stack file is described", () => {
    const undescribed = (node: Node, at: string): string[] => [
        ...Object.entries(node.properties ?? {}).flatMap(([key, child]) => [
            ...(child.description || at.endsWith(".evictionHard") ? [] : [`${at}.${key}`]),
            ...undescribed(child, `${at}.${key}`),
        ]),
        ...(node.items ? undescribed(node.items, `${at}[]`) : []),
        ...(node.oneOf ?? []).flatMap((member, index) => undescribed(member, `${at}(${index})`)),
    ];
    const { then: trust, else: region } = stackFileSchema().properties!["config"] as { then: Node; else: Node };
    assert.deepEqual(
        [...undescribed(trust, ""), ...undescribed(region, "")].filter((key) => !key.endsWith(".secure")),
        [],
    );
});
