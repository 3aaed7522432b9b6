import assert from "node:assert/strict";
import { test } from "node:test";
import { subjectOf } from "../../../policies/resource-subject";
import { CannotTell, guarded, Opaque, secret, unknown } from "../../../policies/rules/core/opaque";
import { ObjectSubject, ResourceSubject } from "../../../policies/rules/core/subject";
import { readCheckpoint } from "../../../policies/state/checkpoint";
import { withOpaque } from "../../../policies/state/opaque-values";

const urn = (type: string, name: string) => `urn:pulumi:no-oslo-1::fjord::${type}::${name}`;

const encrypted = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:hunter2" };
const decrypted = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", plaintext: '"hunter2"' };

const secretType = "kubernetes:core/v1:Secret";
const nodeType = "fjord:nodes:Node";
const resources = [
    {
        urn: urn(secretType, "platform-repo"),
        type: secretType,
        inputs: {
            apiVersion: "v1",
            kind: "Secret",
            metadata: { name: "repo", namespace: "argocd", annotations: { "pulumi.com/patchForce": "true" } },
            stringData: { url: "git@example.org", key: encrypted },
        },
        outputs: { stringData: decrypted },
        sourcePosition: "project:///components/platform/trust%20objects.ts#12,4",
    },
    {
        urn: urn(`fjord:nodes:Nodes$${nodeType}`, "cp::01"),
        type: nodeType,
        protect: true,
        inputs: { sshFrom: ["10.0.0.0/8"], later: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" },
        outputs: { list: [{ token: decrypted }] },
        ignoreChanges: ["sshFrom"],
        additionalSecretOutputs: ["list"],
    },
    {
        urn: urn("pulumi:providers:kubernetes", "cluster"),
        type: "pulumi:providers:kubernetes",
        sourcePosition: "project:///../node_modules/@pulumi/provider.ts#45,7",
    },
    { urn: urn(nodeType, "gone"), type: nodeType, delete: true },
];
const deployment = { manifest: {}, resources, pending_operations: [{ resource: {}, type: "creating" }] };
const exported = JSON.stringify({ version: 3, deployment });

test("an exported stack and a checkpoint file are read alike", () => {
    const reading = readCheckpoint(exported, "stack.json");
    assert.deepEqual(reading.problems, []);
    assert.equal(reading.pendingOperations, 1);
    assert.deepEqual(reading.subjects.map(({ id, kind, source }) => [id, kind, source]), [
        ["Secret/argocd/repo", "object", "state"],
        ["fjord:nodes:Node::cp::01", "resource", "state"],
        ["pulumi:providers:kubernetes::cluster", "resource", "state"],
    ]);
    const file = readCheckpoint(JSON.stringify({ version: 3, checkpoint: { stack: "x", latest: deployment } }), "x.json");
    assert.deepEqual(file.subjects.map(({ id }) => id), reading.subjects.map(({ id }) => id));
    const empty = readCheckpoint(JSON.stringify({ version: 3, checkpoint: { stack: "x", latest: null } }), "x.json");
    assert.deepEqual(empty, { subjects: [], problems: [], pendingOperations: 0 });
});

test("objects keep their annotations, resources their options, and each its place if there is one", () => {
    const [object, node, provider] = readCheckpoint(exported, "stack.json").subjects as [
        ObjectSubject,
        ResourceSubject,
        ResourceSubject,
    ];
    assert.equal(provider.locate, undefined, "it is made by the SDK");
    assert.deepEqual(object.object.metadata.annotations, { "pulumi.com/patchForce": "true" });
    assert.deepEqual(object.locate?.([]), { file: "components/platform/trust objects.ts", line: 12 });
    assert.equal(node.locate, undefined);
    assert.deepEqual(node.resource, {
        urn: urn(`fjord:nodes:Nodes$${nodeType}`, "cp::01"),
        protect: true,
        ignoreChanges: ["sshFrom"],
        additionalSecretOutputs: ["list"],
    });
});

test("secrets are opaque at any depth, in plain text too, and what is unknown is opaque as well", () => {
    const { subjects } = readCheckpoint(exported, "stack.json");
    assert.ok(!JSON.stringify(subjects).includes("hunter2"));
    const [object, node] = subjects as [ObjectSubject, ResourceSubject];
    assert.deepEqual(object.object["stringData"], { url: "git@example.org", key: secret });
    assert.deepEqual(node.outputs, { list: [{ token: secret }] });
    assert.deepEqual(node.inputs, { sshFrom: ["10.0.0.0/8"], later: unknown });
    assert.deepEqual(withOpaque([encrypted, null, 1, "x"]), [secret, null, 1, "x"]);
});

for (const [text, what] of [
    ["hunter2", "is no JSON"],
    ["[]", "is no checkpoint of Pulumi"],
    ["{}", "is no checkpoint of Pulumi"],
    ['{"version": 3, "deployment": null}', "is no checkpoint of Pulumi"],
    ['{"version": 1, "deployment": {}}', "is a checkpoint of version 1, not 3 or later"],
    ['{"deployment": {}}', "is a checkpoint of version none, not 3 or later"],
    ['{"version": 3, "deployment": {"resources": {}}}', "is a checkpoint whose resources are no list"],
    ['{"version": 3, "deployment": {"resources": [{"urn": "x"}]}}', "has no urn and type in resource 0"],
] as const) {
    test(`what is no checkpoint is a problem: ${text}`, () => {
        const { problems, subjects } = readCheckpoint(text, "file.json");
        assert.deepEqual(problems.map((problem) => [problem.file, problem.what]), [["file.json", what]]);
        assert.deepEqual(subjects, []);
    });
}

const seen = (type: string, properties: Readonly<Record<string, unknown>>, name = "web") =>
    subjectOf({ type, name, urn: urn(type, name), properties }, "stack");

test("resources of the Kubernetes provider are objects, but for patches and what makes other resources", () => {
    const metadata = { name: "web", namespace: "pay" };
    const written = { apiVersion: "argoproj.io/v1alpha1", kind: "Application", metadata };
    const application = seen("kubernetes:argoproj.io/v1alpha1:Application", written);
    assert.equal(application.id, "Application.argoproj.io/pay/web");
    assert.equal(seen("kubernetes:core/v1:Service", { metadata }).id, "Service/pay/web", "the type tells what it is as well");
    const others = [
        ["kubernetes:apps/v1:DeploymentPatch", { apiVersion: "apps/v1", kind: "Deployment", metadata }],
        ["kubernetes:helm.sh/v3:Release", { chart: "web" }],
        ["kubernetes:helm.sh/v4:Chart", { chart: "web" }],
        ["kubernetes:yaml/v2:ConfigGroup", {}],
        ["kubernetes:yaml:ConfigFile", {}],
        ["kubernetes:kustomize/v2:Directory", {}],
        ["pulumi:providers:kubernetes", {}],
        ["tls:index/privateKey:PrivateKey", {}],
    ] as const;
    for (const [type, properties] of others) {
        assert.deepEqual([seen(type, properties).kind, seen(type, properties).id], ["resource", `${type}::web`]);
    }
});

test("an object whose name or kind cannot be seen stays an object, and its name cannot be touched", () => {
    const type = "kubernetes:apps/v1:Deployment";
    const unnamed = seen(type, { apiVersion: "apps/v1", kind: unknown, metadata: { name: unknown, namespace: "pay" } });
    assert.ok(unnamed.kind === "object");
    assert.deepEqual([unnamed.id, unnamed.object.kind], ["Deployment.apps/pay/web", "Deployment"]);
    assert.throws(() => guarded(unnamed.object).metadata.name, CannotTell);
    const hidden = seen(type, { apiVersion: "apps/v1", kind: "Deployment", metadata: secret });
    assert.ok(hidden.kind === "object" && (hidden.object.metadata as unknown) instanceof Opaque);
    assert.equal(hidden.id, "Deployment.apps/web");
    const bare = seen(type, { apiVersion: "apps/v1", kind: "Deployment" });
    assert.ok(bare.kind === "object" && bare.object.metadata.name === "web");
});
