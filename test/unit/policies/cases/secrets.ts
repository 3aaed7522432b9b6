import { gitops } from "../../../fixtures/policies/gitops";
import { deployment, inGit } from "../../../fixtures/policies/objects";
import { compliant, resource } from "../../../fixtures/policies/region";
import { secret } from "../../../../policies/rules/core/opaque";
import { absent, Case, changed } from "../case";

const { sealedSecret, kustomization, configuration } = gitops;

const container = ["object", "spec", "template", "spec", "containers", 0] as const;

const privateKey = ["-----BEGIN", "OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n"].join(" ");

const inState = { source: "state" } as const;

const key = resource(
    "tls:index/privateKey:PrivateKey",
    "no-oslo-1-keys-ssh",
    { algorithm: "ED25519" },
    { ...inState, outputs: { publicKeyOpenssh: "ssh-ed25519 AAAA", privateKeyOpenssh: secret, privateKeyPem: secret } },
);

const plainSecret = inGit({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "payment-service", namespace: "payment-prod" },
    type: "Opaque",
});

const command = resource("command:remote:Command", "worker-01-kernel", { create: "bash -s", stdin: "true", logging: "none" });

/** The example's container, with a variable from a Secret. */
const withPassword = (args: readonly string[], env: readonly object[] = [], envFrom: readonly object[] = []) => {
    const password = { name: "REDIS_PASSWORD", valueFrom: { secretKeyRef: { name: "redis", key: "password" } } };
    return Object.entries({ env: [password, ...env], envFrom, args }).reduce(
        (subject, [field, value]) => changed(subject, [...container, field], value),
        inGit(deployment),
    );
};
const probe = (script: string) => ({ exec: { command: ["sh", "-c", script] }, periodSeconds: 20 });

export const cases: readonly Case[] = [
    {
        rule: "FJ-SEC-001",
        compliant: plainSecret,
        change: { at: ["object", "stringData"], to: { password: "correct horse" } },
        says: /holds values that only base64 hides/,
    },
    {
        rule: "FJ-SEC-001",
        what: "a public repository of Argo CD, whose address has got a password",
        compliant: inGit({
            apiVersion: "v1",
            kind: "Secret",
            metadata: { name: "charts", namespace: "argocd", labels: { "argocd.argoproj.io/secret-type": "repository" } },
            stringData: { type: "helm", name: "charts", url: "https://charts.osl.node" },
        }),
        change: { at: ["object", "stringData", "url"], to: ["https://web:hunter22", "charts.osl.node"].join("@") },
        says: /holds values that only base64 hides/,
    },
    {
        rule: "FJ-SEC-001",
        what: "made by a Kustomization",
        compliant: kustomization,
        change: { at: ["object", "secretGenerator"], to: [{ name: "payment-service", files: ["password"] }] },
        says: /makes a Secret/,
    },
    {
        rule: "FJ-SEC-002",
        compliant: sealedSecret,
        change: { at: ["object", "metadata", "annotations", "sealedsecrets.bitnami.com/cluster-wide"], to: "true" },
        says: /lets it open elsewhere/,
    },
    {
        rule: "FJ-SEC-003",
        compliant: sealedSecret,
        change: { at: ["object", "spec", "encryptedData", "password"], to: "correct horse" },
        says: /is not what kubeseal writes/,
    },
    {
        rule: "FJ-SEC-003",
        what: "in the template",
        compliant: sealedSecret,
        change: { at: ["object", "spec", "template", "data"], to: { password: "correct horse" } },
        says: /is not sealed/,
    },
    {
        rule: "FJ-SEC-004",
        compliant: gitops.sealedSecrets,
        change: { at: [...container, "args", 0], to: "--key-renew-period=720h" },
        says: /has no --key-renew-period=0/,
    },
    {
        rule: "FJ-SEC-005",
        compliant: inGit(deployment),
        change: { at: [...container, "env"], to: [{ name: "DB_PASSWORD", value: "correct horse" }] },
        says: /by its name a secret/,
    },
    {
        rule: "FJ-SEC-005",
        what: "by its shape",
        compliant: inGit(deployment),
        change: { at: [...container, "args"], to: [`--aws=${"AKIA"}${"A1".repeat(8)}`] },
        says: /holds a key of AWS/,
    },
    {
        rule: "FJ-SEC-005",
        what: "an option by its name",
        compliant: changed(inGit(deployment), [...container, "args"], ["--db-password=$(DB_PASSWORD)"]),
        change: { at: [...container, "args", 0], to: "--db-password=correct horse" },
        says: /by its name a secret/,
    },
    {
        rule: "FJ-SEC-005",
        what: "a word after its option",
        compliant: changed(inGit(deployment), [...container, "args"], ["--requirepass", "$(REDIS_PASSWORD)", "--port", "6379"]),
        change: { at: [...container, "args", 1], to: "hunter2-hunter2" },
        says: /by its name a secret/,
    },
    {
        rule: "FJ-SEC-005",
        what: "the command's last option and the first argument",
        compliant: changed(changed(inGit(deployment), [...container, "command"], ["web", "--api-token"]), [...container, "args"], [
            "--verbose",
        ]),
        change: { at: [...container, "args", 0], to: "a81cd3f0" },
        says: /by its name a secret/,
    },
    {
        rule: "FJ-SEC-006",
        compliant: configuration,
        change: { at: ["object", "data", "DATABASE"], to: "postgres://web:correcthorse@db/payments" },
        says: /a password in an address/,
    },
    {
        rule: "FJ-SEC-006",
        what: "a private key",
        compliant: configuration,
        change: { at: ["object", "data", "id"], to: privateKey },
        says: /holds a private key/,
    },
    {
        rule: "FJ-SEC-007",
        compliant: key,
        change: { at: ["outputs", "privateKeyPem"], to: "not shaped like one" },
        says: /is not encrypted/,
    },
    {
        rule: "FJ-SEC-007",
        what: "by its shape",
        compliant: resource("pulumi:pulumi:Stack", "fjord-no-oslo-1", {}, { ...inState, outputs: { kubeconfig: "users: []" } }),
        change: { at: ["outputs", "kubeconfig"], to: `users:\n- user:\n    client-key-data: ${"QUJD".repeat(20)}\n` },
        says: /a client key of a kubeconfig/,
    },
    {
        rule: "FJ-SEC-007",
        what: "data of a Secret",
        compliant: { ...plainSecret, ...inState, object: { ...plainSecret.object, data: { password: secret } } },
        change: { at: ["object", "data", "password"], to: "Y29ycmVjdA==" },
        says: /is not encrypted/,
    },
    {
        rule: "FJ-SEC-008",
        compliant: command,
        change: { at: ["inputs", "logging"], to: absent },
        says: /is left out/,
    },
    {
        rule: "FJ-SEC-009",
        compliant: compliant.trust,
        change: { at: ["inputs", "sealingKeys", 1, "name"], to: "sealed-secrets-key-20260801" },
        says: /there is a key of 20260801/,
    },
    {
        rule: "FJ-SEC-011",
        compliant: {
            ...compliant.trust,
            inputs: { ...compliant.trust.inputs, sealingKeys: [{ name: "sealed-secrets-key-20260101", state: "active" }] },
        },
        change: { at: ["inputs", "sealingKeys", 0, "name"], to: "sealed-secrets-key-20251001" },
        says: /is 418 days old, more than 400/,
    },
    {
        rule: "FJ-SEC-010",
        compliant: inGit(deployment),
        change: { at: [...container, "envFrom"], to: [{ secretRef: { name: "payment-service" } }] },
        says: /takes all of a Secret in/,
    },
    {
        rule: "FJ-SEC-012",
        what: "filled in by Kubernetes",
        compliant: withPassword(["--requirepass-file", "/run/secrets/redis"]),
        change: { at: [...container, "args", 1], to: "$(REDIS_PASSWORD)" },
        says: /shows REDIS_PASSWORD, which comes from a Secret/,
    },
    {
        rule: "FJ-SEC-012",
        what: "by way of another variable",
        compliant: withPassword(["--url=$(REDIS_HOST)"], [{ name: "REDIS_HOST", value: "cache" }]),
        change: { at: [...container, "env", 1, "value"], to: "redis://web:$(REDIS_PASSWORD)@cache" },
        says: /shows REDIS_HOST/,
    },
    {
        rule: "FJ-SEC-012",
        what: "filled in by a shell",
        compliant: withPassword(["bash", "-eo", "pipefail", "-c", 'echo "requirepass $REDIS_PASSWORD" | redis-server -']),
        change: { at: [...container, "args", 4], to: 'exec redis-server --requirepass "${REDIS_PASSWORD}"' },
        says: /shows REDIS_PASSWORD/,
    },
    {
        rule: "FJ-SEC-012",
        what: "from a whole Secret",
        compliant: withPassword(["--password=$$(PASSWORD)"], [], [{ secretRef: { name: "payment-service" } }]),
        change: { at: [...container, "args", 0], to: "--password=$(PASSWORD)" },
        says: /shows PASSWORD/,
    },
    {
        rule: "FJ-SEC-012",
        what: "in a probe",
        compliant: changed(withPassword([]), [...container, "livenessProbe"], probe("redis-cli ping")),
        change: { at: [...container, "livenessProbe"], to: probe('redis-cli -a "$REDIS_PASSWORD" ping') },
        says: /shows REDIS_PASSWORD/,
    },
];
