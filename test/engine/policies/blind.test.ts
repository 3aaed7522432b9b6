import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, describe, test } from "node:test";
import { blind, BlindedStack, ClearStack } from "../../../operations/blind/blind";
import { readStack, restoreStack, Workplace } from "../../../operations/blind/pulumi";
import { textsIn } from "../../../operations/blind/checkpoint";

const repository = path.resolve(__dirname, "../../..");
const plugins = process.env["FJORD_PLUGINS"];

/** Two stacks that belong together, in one program: what a region does with secrets, without machines. */
const program = `
import { createHash } from "node:crypto";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";

const base64 = (text: string) => Buffer.from(text).toString("base64");

function trust() {
    const provider = new tls.Provider("tls");
    const key = new tls.PrivateKey("sealing", { algorithm: "RSA", rsaBits: 2048 }, { provider, protect: true });
    const usage = { privateKeyPem: key.privateKeyPem, validityPeriodHours: 87600, allowedUses: ["cert_signing"] };
    const { certPem } = new tls.SelfSignedCert("sealing", { ...usage, subject: { commonName: "sealing" } }, { provider });
    const deploy = new tls.PrivateKey("deploy", { algorithm: "ED25519" }, { provider });
    return {
        deployKey: deploy.privateKeyOpenssh,
        sealingKeys: [{ name: "sealing-2026", certificate: certPem, privateKey: pulumi.secret(key.privateKeyPem) }],
    };
}

async function region() {
    const config = new pulumi.Config("fjord");
    const opts = { provider: new tls.Provider("tls") };
    const ssh = new tls.PrivateKey("ssh", { algorithm: "ED25519" }, opts);
    const passwords = { provider: new random.Provider("random") };
    const password = new random.RandomPassword("password", { length: 32, special: true }, passwords).result;
    const seed = new random.RandomPassword("seed", { length: 64, special: false }, passwords).result;
    const bytes = new random.RandomBytes("bytes", { length: 32 }, passwords).base64;
    const reference = new pulumi.StackReference("trust");
    const details = await reference.getOutputDetails("sealingKeys");
    const [sealing] = details.secretValue ?? details.value;
    const secrets = {
        key: ssh.privateKeyOpenssh,
        password,
        bytes,
        encryption: seed.apply((text) => createHash("sha256").update(text).digest("base64")),
        deployKey: reference.requireOutput("deployKey"),
        sealingKey: sealing.privateKey,
        token: config.requireSecret("token"),
        nested: config.requireSecretObject<{ inner: string[] }>("nested").apply(({ inner }) => inner[0]),
        pin: config.requireSecret("pin"),
    };
    const runs = { provider: new command.Provider("command") };
    const step = (name: string, stdin: (known: any) => string, secretInputs = {}) =>
        new command.local.Command(
            name,
            {
                create: "cat >/dev/null; echo done",
                addPreviousOutputInEnv: false,
                logging: "none",
                stdin: pulumi.secret(pulumi.all(secrets).apply(stdin)),
                ...secretInputs,
            },
            runs,
        );
    const spec = { replicas: 3, where: "no-oslo-1" };
    step("json", (known) => JSON.stringify({ ...known, spec, wrapped: base64(JSON.stringify(known)) }));
    step("script", ({ key, password, token }) => [
        "set -eu",
        "KEY='" + key + "'",
        "PASSWORD='" + password.replaceAll("'", "'\\\\''") + "'",
        "install -m 0600 /etc/fjord/region.conf",
        "curl -u admin:" + token,
    ].join("\\n"));
    step("yaml", ({ key, deployKey, pin }) => [
        "key: |",
        key.trim().replace(/^/gm, "  "),
        "pin: " + pin,
        "deploy: " + JSON.stringify(deployKey),
    ].join("\\n"));
    // As the data of a Secret of Kubernetes: also what is public is secret in it.
    step("data", ({ password }) => password + "\\n", {
        environment: Object.fromEntries(
            Object.entries({ type: "git", url: "git@gitlab.com:a/b.git", certificate: sealing.certificate, token: secrets.token })
                .map(([name, value]) => [name, pulumi.secret(value).apply((text) => base64(text))])),
    });
    return { token: secrets.token, where: "no-oslo-1" };
}

export = () => (pulumi.getStack() === "trust" ? trust() : region());
`;

const configured = { token: 'to"ken & <more> \'q\' 12345', inner: "nested-secret-98765", pin: "4711" };

interface Preview {
    readonly changeSummary: Readonly<Record<string, number>>;
    readonly steps: readonly { readonly op: string; readonly urn: string }[];
}

describe("a blinded checkpoint on the real engine", { skip: plugins === undefined && "needs FJORD_PLUGINS" }, () => {
    let folder: string;
    let clear: readonly ClearStack[];
    let blinded: readonly BlindedStack[];
    let review: Workplace;

    function environment(name: string): Record<string, string> {
        return {
            PATH: [plugins, path.join(repository, "lab/toolchain/language-host"), process.env["PATH"]].join(path.delimiter),
            PULUMI_HOME: path.join(folder, name, "home"),
            PULUMI_BACKEND_URL: `file://${path.join(folder, name, "state")}`,
            PULUMI_CONFIG_PASSPHRASE: `passphrase of ${name}`,
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        };
    }

    /** A checkout of its own with a backend of its own. */
    function checkout(name: string): Workplace {
        const project = path.join(folder, name, "project");
        fs.mkdirSync(path.join(folder, name, "state"), { recursive: true });
        fs.mkdirSync(path.join(project, "stacks"), { recursive: true });
        fs.symlinkSync(path.join(repository, "node_modules"), path.join(project, "node_modules"));
        const runtime = { name: "nodejs", options: { typescript: false, nodeargs: "--import tsx" } };
        const settings = { name: "fjord", main: "index.ts", stackConfigDir: "stacks", runtime };
        fs.writeFileSync(path.join(project, "Pulumi.yaml"), JSON.stringify(settings));
        fs.writeFileSync(path.join(project, "package.json"), "{}");
        fs.writeFileSync(path.join(project, "tsconfig.json"), fs.readFileSync(path.join(repository, "tsconfig.json")));
        fs.writeFileSync(path.join(project, "index.ts"), program);
        return { project, stacks: path.join(project, "stacks"), env: environment(name) };
    }

    function pulumi({ project, env }: Workplace, args: readonly string[]): string {
        const result = spawnSync("pulumi", [...args, "--non-interactive", "--color", "never"], {
            cwd: project,
            env: { ...process.env, ...env },
            encoding: "utf8",
        });
        assert.equal(result.status, 0, `pulumi ${args.join(" ")}:\n${result.stdout}\n${result.stderr}`);
        return result.stdout;
    }

    function changes(place: Workplace): readonly string[] {
        const preview = JSON.parse(pulumi(place, ["preview", "--json", "--stack", "no-oslo-1"])) as Preview;
        return preview.steps
            .filter(({ op }) => op !== "same" && op !== "read")
            .map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`)
            .sort();
    }

    before(async () => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-blind-"));
        const real = checkout("real");
        for (const stack of ["trust", "no-oslo-1"]) {
            pulumi(real, ["stack", "init", stack]);
        }
        for (const [key, value] of [
            ["fjord:token", configured.token],
            ["fjord:nested.inner[0]", configured.inner],
            ["fjord:pin", configured.pin],
        ] as const) {
            pulumi(real, ["config", "set", "--stack", "no-oslo-1", "--secret", "--path", key, value]);
        }
        for (const stack of ["trust", "no-oslo-1"]) {
            pulumi(real, ["up", "--yes", "--skip-preview", "--stack", stack]);
        }
        clear = [await readStack(real, "trust"), await readStack(real, "no-oslo-1")];
        blinded = blind(clear, [program]);
        review = checkout("review");
        fs.cpSync(real.stacks, review.stacks, { recursive: true });
        for (const stack of blinded) {
            await restoreStack(review, stack);
        }
    });
    after(() => fs.rmSync(folder, { recursive: true, force: true }));

    test("no secret is left, and every secret has been seen", () => {
        const text = JSON.stringify(blinded);
        for (const secret of Object.values(configured).filter((one) => one.length > 8)) {
            assert.ok(!text.includes(secret) && !text.includes(JSON.stringify(secret).slice(1, -1)));
        }
        const before = clear.flatMap(({ exported }) => textsIn(exported.deployment, "with secrets"));
        const after = new Set(blinded.flatMap(({ exported }) => textsIn(exported.deployment, "with secrets")));
        const left = before.filter((one) => /PRIVATE KEY/.test(one) && after.has(one));
        assert.deepEqual(left, []);
        assert.ok(before.some((one) => one.includes(`pin: ${configured.pin}`)));
        assert.ok(![...after].some((one) => one.includes(`pin: ${configured.pin}`)), "also a short one");
    });

    test("the preview of an unchanged program shows no change", () => {
        assert.deepEqual(changes(review), []);
    });

    test("a real change shows, and nothing else", () => {
        fs.writeFileSync(path.join(review.project, "index.ts"), program.replace("replicas: 3", "replicas: 5"));
        assert.deepEqual(changes(review), ["update json"]);
        fs.writeFileSync(path.join(review.project, "index.ts"), program.replace("length: 64", "length: 65"));
        const uses = ["data", "json", "script", "yaml"];
        assert.deepEqual(changes(review), ["replace seed", ...uses.map((name) => `update ${name}`)]);
    });
});
