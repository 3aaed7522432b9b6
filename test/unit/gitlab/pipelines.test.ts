import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, test } from "node:test";
import { files, globalKeywords, Job, readPipeline, Situation, takesPart } from "./pipeline";

const project = path.resolve(__dirname, "../../..");

/** Keywords of a job that docs.gitlab.com/ci/yaml documents and these files may use. */
const jobKeywords = new Set([
    "after_script", "allow_failure", "artifacts", "before_script", "cache", "environment", "extends", "id_tokens", "image",
    "inherit", "interruptible", "needs", "parallel", "resource_group", "retry", "rules", "script", "services", "stage", "tags",
    "timeout", "variables",
]);
const artifactKeywords = new Set(["access", "exclude", "expire_in", "name", "paths", "reports", "untracked", "when"]);
const ruleKeywords = new Set(["allow_failure", "changes", "exists", "if", "needs", "variables", "when"]);

/** What a job that writes has: no other job may name it, nor hold a file or token that it is made from. */
const writeVariables = [
    "PULUMI_ACCESS_TOKEN", "AWS_", "ARM_", "GOOGLE_", "VAULT", "FJORD_VAULT_URL", "FJORD_SSH_USER", "SSH_PRIVATE_KEY",
    "KUBECONFIG", "PULUMI_CONFIG_PASSPHRASE_FILE", "SSH_AUTH_SOCK", "CI_DEPLOY", "CI_REGISTRY_PASSWORD",
];
const writeCommands = [
    /pulumi (up|destroy|refresh|import|state|cancel|stack)\b/,
    /npm run (lab|seal|lock|unlock)\b/,
    /npm run blind -- (?!restore)/,
    /kubectl|ssh-add|git push/,
];

const branch = "main";
const push: Situation = {
    CI_PIPELINE_SOURCE: "push",
    CI_COMMIT_BRANCH: branch,
    CI_DEFAULT_BRANCH: branch,
    CI_COMMIT_REF_PROTECTED: "true",
};
const mergeRequest: Situation = {
    CI_PIPELINE_SOURCE: "merge_request_event",
    CI_DEFAULT_BRANCH: branch,
    CI_COMMIT_REF_PROTECTED: "false",
    CI_MERGE_REQUEST_PROJECT_ID: "1",
    CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "1",
};
const situations: Readonly<Record<string, Situation>> = {
    "a push to the default branch": push,
    "a push to a default branch that nobody protected": { ...push, CI_COMMIT_REF_PROTECTED: "false" },
    "a push to another branch": { ...push, CI_COMMIT_BRANCH: "feature", CI_COMMIT_REF_PROTECTED: "false" },
    "a push to another protected branch": { ...push, CI_COMMIT_BRANCH: "release" },
    "a merge request": mergeRequest,
    "a merge request from a protected branch": { ...mergeRequest, CI_COMMIT_REF_PROTECTED: "true" },
    "a merge request with a token for notes": { ...mergeRequest, FJORD_NOTE_TOKEN: "x" },
    "a fork's merge request": { ...mergeRequest, CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "2", FJORD_NOTE_TOKEN: "x" },
    "a schedule": { ...push, CI_PIPELINE_SOURCE: "schedule" },
    "a schedule on another branch": { ...push, CI_PIPELINE_SOURCE: "schedule", CI_COMMIT_BRANCH: "feature" },
    "a tag": { CI_PIPELINE_SOURCE: "push", CI_COMMIT_TAG: "v1", CI_DEFAULT_BRANCH: branch, CI_COMMIT_REF_PROTECTED: "true" },
    "a trigger": { ...push, CI_PIPELINE_SOURCE: "trigger" },
    "a person's own run": { ...push, CI_PIPELINE_SOURCE: "web" },
};

const own = readPipeline(".gitlab-ci.yml");
const job = (name: string): Job => {
    const found = own.jobs.find((one) => one.name === name);
    assert.ok(found, `a job ${name}`);
    return found;
};

/** Jobs of this project's pipeline and how each takes part; none where there is no pipeline. */
function jobsIn(situation: Situation): Readonly<Record<string, string>> {
    const workflow = own.keywords["workflow"] as { readonly rules: Job["rules"] };
    const jobs = takesPart(workflow, situation) === undefined ? [] : own.jobs;
    return Object.fromEntries(
        jobs.flatMap((one) => {
            const how = takesPart(one, situation);
            return how === undefined ? [] : [[one.name, how]];
        }),
    );
}

describe("which job runs when", () => {
    const expected: Readonly<Record<string, Readonly<Record<string, string>>>> = {
        "a push to the default branch": { check: "on_success", up: "manual" },
        "a push to a default branch that nobody protected": { check: "on_success" },
        "a merge request": { check: "on_success", review: "on_success" },
        "a merge request from a protected branch": { check: "on_success", review: "on_success" },
        "a merge request with a token for notes": { check: "on_success", review: "on_success", note: "always" },
        "a fork's merge request": { check: "on_success" },
        "a schedule": { drift: "on_success" },
    };
    for (const [name, situation] of Object.entries(situations)) {
        test(name, () => assert.deepEqual(jobsIn(situation), expected[name] ?? {}));
    }
});

describe("what each job holds", () => {
    const others = own.jobs.filter(({ name }) => name !== "up");

    for (const one of others) {
        test(`${one.name} names nothing that can write, and writes nothing`, () => {
            assert.deepEqual(writeVariables.filter((variable) => one.text.includes(variable)), []);
            assert.deepEqual(writeCommands.filter((command) => command.test(one.script)), []);
            for (const keyword of ["environment", "resource_group", "id_tokens", "secrets", "services"]) {
                assert.equal(one.keywords[keyword], undefined, keyword);
            }
        });
    }

    test("review keeps its state in a folder of its own, with a passphrase that it makes up", () => {
        const { script } = job("review");
        assert.ok(script.includes('export PULUMI_BACKEND_URL="file://$PWD/.review/state" '));
        assert.ok(script.includes(' PULUMI_CONFIG_PASSPHRASE="$(openssl rand -hex 32)"'));
        const others = own.jobs.filter(({ name, text }) => name !== "review" && /PULUMI_(BACKEND|CONFIG)/.test(text));
        assert.deepEqual(others, []);
    });

    test("tokens of the pipeline's own are where they are needed only", () => {
        const naming = (variable: string): readonly string[] =>
            own.jobs.filter(({ text }) => text.includes(variable)).map(({ name }) => name);
        assert.deepEqual(naming("FJORD_DRIFT_KEY"), ["drift"]);
        assert.deepEqual(naming("FJORD_NOTE_TOKEN"), ["note"]);
        assert.deepEqual(naming("CI_JOB_TOKEN"), ["review"]);
    });

    test("up holds the stack's lock and environment, on a runner of its own, and is never cancelled", () => {
        const { environment, resource_group: group, interruptible, tags } = job("up").keywords;
        const { name } = environment as { readonly name: string };
        assert.deepEqual([name, group, interruptible, tags], ["no-oslo-1", "no-oslo-1", false, ["fjord-up"]]);
        assert.deepEqual(others.filter((one) => one.text.includes("fjord-up")), []);
    });

    test("up gets a key that ends by itself, and publishes the state only without its secrets", () => {
        const { script, keywords } = job("up");
        assert.match(script, /ttl: "15m"/);
        assert.match(script, /ssh-add -q -t 900 /);
        const steps = ["/v1/auth/jwt/login", "/v1/ssh-client-signer/sign/", "ssh-add", "pulumi up", "npm run blind"];
        const order = steps.map((part) => script.indexOf(part));
        assert.ok(order.every((at, index) => at > (order[index - 1] ?? -1)), String(order));
        assert.deepEqual((keywords["artifacts"] as { paths: unknown }).paths, ["blinded.json"]);
    });

    test("the variables that only up may have are listed with their protection", () => {
        const readme = fs.readFileSync(path.join(project, "policies/gitlab/README.md"), "utf8");
        const table = readme.slice(readme.indexOf("## Variables"), readme.indexOf("## Settings")).split("\n");
        const row = (name: string): string | undefined =>
            table.find((line) => line.startsWith("|") && line.includes(`\`${name}\``));
        const state = ["PULUMI_BACKEND_URL", "AWS_SECRET_ACCESS_KEY", "PULUMI_CONFIG_PASSPHRASE"];
        for (const name of [...state, "FJORD_VAULT_URL", "FJORD_SSH_USER"]) {
            assert.match(row(name) ?? "", /\| `up` \| yes \| .* \| `no-oslo-1` \|$/, name);
        }
        const variable = /\$\{?(FJORD_[A-Z_]+)/g;
        const used = new Set(own.jobs.flatMap(({ text }) => [...text.matchAll(variable)].map(([, name = ""]) => name)));
        const given = new Set(Object.keys(own.keywords["variables"] as object));
        assert.deepEqual([...used].filter((name) => !given.has(name) && row(name) === undefined), []);
    });
});

describe("the pipeline of the configuration repository", () => {
    const { jobs } = readPipeline("policies/gitlab/config-repository.gitlab-ci.yml");

    test("one job, for merge requests and the default branch, without any credential", () => {
        assert.deepEqual(jobs.map(({ name }) => name), ["manifests"]);
        for (const one of jobs) {
            assert.doesNotMatch(one.text, /TOKEN|PASS|SECRET|_KEY|id_tokens|environment/);
            assert.deepEqual(
                Object.values(situations).map((situation) => takesPart(one, situation) !== undefined),
                Object.keys(situations).map((name) => /merge request|default branch/.test(name)),
            );
        }
    });

    test("it takes this project at one commit, and says so before it runs any of it", () => {
        const script = jobs[0]?.script ?? "";
        const steps = ['--branch "$FJORD_VERSION"', '!= "$FJORD_COMMIT"', "npm ci", "npm run"];
        const order = steps.map((part) => script.indexOf(part));
        assert.ok(order.every((at, index) => at > (order[index - 1] ?? -1)), String(order));
    });
});

for (const file of files) {
    describe(file, () => {
        const pipeline = readPipeline(file);

        test("knows only documented keywords, and every job is whole", () => {
            const stages = (pipeline.keywords["stages"] as string[] | undefined) ?? ["build", "test", "deploy"];
            assert.deepEqual(Object.keys(pipeline.keywords).filter((name) => !globalKeywords.has(name)), []);
            for (const { name, keywords, rules, script } of pipeline.jobs) {
                assert.deepEqual(Object.keys(keywords).filter((keyword) => !jobKeywords.has(keyword)), [], name);
                const inRules = rules.flatMap((rule) => Object.keys(rule));
                assert.deepEqual(inRules.filter((keyword) => !ruleKeywords.has(keyword)), [], name);
                assert.ok(rules.length > 0 && script !== "" && stages.includes(String(keywords["stage"])), name);
                assert.match(String(keywords["timeout"]), /^\d+ (minutes|hours)$/, name);
                const needs = (keywords["needs"] as (string | { job: string })[] | undefined) ?? [];
                for (const need of needs.map((one) => (typeof one === "string" ? one : one.job))) {
                    assert.ok(pipeline.jobs.some((other) => other.name === need), `${name} needs ${need}`);
                }
            }
        });

        test("artifacts end, and are for members only", () => {
            for (const { name, keywords } of pipeline.jobs.filter((one) => one.keywords["artifacts"] !== undefined)) {
                const artifacts = keywords["artifacts"] as Record<string, unknown>;
                assert.deepEqual(Object.keys(artifacts).filter((keyword) => !artifactKeywords.has(keyword)), [], name);
                assert.match(String(artifacts["expire_in"]), /^\d+ days$/, name);
                assert.equal(artifacts["access"], "developer", name);
                assert.ok(!JSON.stringify(artifacts).includes(".review"), "a restored state is no artifact");
            }
        });

        test("images are named by digest", () => {
            const { FJORD_IMAGE } = pipeline.keywords["variables"] as Record<string, string>;
            assert.match(FJORD_IMAGE ?? "", /^[^:@]+@sha256:[0-9a-f]{64}$/);
            assert.deepEqual([...new Set(pipeline.jobs.map(({ keywords }) => keywords["image"]))], ["$FJORD_IMAGE"]);
            assert.doesNotMatch(pipeline.jobs.map(({ text }) => text).join(), /latest/);
        });

        test("every command of npm exists", () => {
            const manifest = fs.readFileSync(path.join(project, "package.json"), "utf8");
            const { scripts } = JSON.parse(manifest) as { readonly scripts: Readonly<Record<string, string>> };
            const command = /npm run (?:--silent |--prefix "\$\w+" )?([\w:]+)/g;
            const named = pipeline.jobs.flatMap(({ script }) => [...script.matchAll(command)].map(([, name = ""]) => name));
            assert.ok(named.length > 0);
            assert.deepEqual(named.filter((name) => !(name in scripts)), []);
        });

        test("every script is one that a shell can read", () => {
            for (const { name, script } of pipeline.jobs) {
                const { status, stderr } = spawnSync("bash", ["-n"], { input: script, encoding: "utf8" });
                assert.equal(status, 0, `${name}: ${stderr}`);
            }
        });
    });
}
