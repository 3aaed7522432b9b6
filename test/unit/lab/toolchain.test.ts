import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { packageVersions } from "../../../lab/services/debs";
import { compareVersions, explainGoFailure, goEnvironment, minimumGo } from "../../../lab/toolchain/go";
import { groupKey, moduleFiles } from "../../../lab/toolchain/key";
import { cacheRoot, toolchainAt } from "../../../lab/toolchain/paths";
import { groups, versions, type Group } from "../../../lab/toolchain/table";
import { wanted } from "../../../operations/lock/wanted";

const project = path.resolve(__dirname, "../../..");
const modulesDir = path.join(project, "lab/toolchain/modules");
const goMod = (group: string): string => fs.readFileSync(path.join(modulesDir, group, "go.mod"), "utf8");

/** Versions of a group's modules, after its replacements, without `v`. */
function moduleVersions(group: string): Map<string, string> {
    const text = goMod(group);
    const found = new Map<string, string>();
    for (const [, module = "", version = ""] of text.matchAll(
        /^(?:require )?\t?([\w./-]+\.[\w./-]+) v(\S+)(?: \/\/ indirect)?$/gm,
    )) {
        found.set(module, version);
    }
    for (const [, module = "", version = ""] of text.matchAll(/^(?:replace )?\t?([\w./-]+) => \S+ v(\S+)$/gm)) {
        found.set(module, version);
    }
    return found;
}

/** Where each version of the table is written down for Go: group and module. */
const modulesOf = {
    pulumi: ["pulumi", "github.com/pulumi/pulumi/pkg/v3"],
    kubernetes: ["cluster", "k8s.io/kubernetes"],
    etcd: ["etcd", "go.etcd.io/etcd/server/v3"],
    containerd: ["cluster", "github.com/containerd/containerd/v2"],
    criTools: ["cluster", "sigs.k8s.io/cri-tools"],
    cniPlugins: ["cluster", "github.com/containernetworking/plugins"],
    coredns: ["cluster", "github.com/coredns/coredns"],
    flannel: ["flannel", "github.com/flannel-io/flannel"],
    argocd: ["cluster", "github.com/argoproj/argo-cd/v3"],
    sealedSecrets: ["cluster", "github.com/bitnami/sealed-secrets"],
    helm: ["cluster", "helm.sh/helm/v4"],
    kustomize: ["cluster", "sigs.k8s.io/kustomize/kustomize/v5"],
    crane: ["cluster", "github.com/google/go-containerregistry"],
} as const satisfies Record<Exclude<keyof typeof versions, "pulumiKubernetes">, readonly [string, string]>;

for (const [name, [group, module]] of Object.entries(modulesOf)) {
    test(`version of ${name} is that of ${group}/go.mod`, () => {
        assert.equal(moduleVersions(group).get(module), versions[name as keyof typeof versions]);
    });
}

test("the kubernetes provider's version is that of its SDK, because its module has a pseudo-version", () => {
    const { dependencies } = JSON.parse(fs.readFileSync(path.join(project, "package.json"), "utf8")) as {
        dependencies: Record<string, string>;
    };
    assert.equal(versions.pulumiKubernetes, dependencies["@pulumi/kubernetes"]);
    assert.match(
        moduleVersions("kubernetes-provider").get("github.com/pulumi/pulumi-kubernetes/provider/v4") ?? "",
        /^4\.0\.0-\d{14}-/,
    );
});

test("every program comes from the module and version that its group's go.mod has", () => {
    for (const group of groups) {
        const modules = moduleVersions(group.name);
        for (const { output, from, package: name } of group.programs) {
            const [, module, version] = /^(\S+?)(?:@v(\d[\w.-]*))?(?:,.*| \(v.*\))?$/.exec(from) ?? [];
            if (from.startsWith("this project")) {
                assert.ok(fs.existsSync(path.join(modulesDir, group.name, name)), `${output}: there is no ${name}`);
                continue;
            }
            assert.ok(
                module !== undefined && modules.has(module),
                `${output}: ${module} is not in ${group.name}/go.mod`,
            );
            assert.ok(version === undefined || modules.get(module) === version, `${output}: ${from}`);
            assert.ok(
                name.startsWith(".") || name === module || name.startsWith(`${module}/`),
                `${output}: ${name} is not in ${module}`,
            );
        }
        for (const { output, module } of [...group.files, ...group.embedded]) {
            assert.ok(modules.has(module), `${output}: ${module} is not in ${group.name}/go.mod`);
        }
    }
});

test("no two programs, files or groups have one name", () => {
    const repeated = (names: readonly string[]): string[] => names.filter((name, i) => names.indexOf(name) !== i);
    assert.deepEqual(repeated(groups.map(({ name }) => name)), []);
    assert.deepEqual(repeated(groups.flatMap(({ programs }) => programs.map(({ output }) => output))), []);
    assert.deepEqual(repeated(groups.flatMap(({ files }) => files.map(({ output }) => output))), []);
    assert.deepEqual(fs.readdirSync(modulesDir).sort(), groups.map(({ name }) => name).sort());
});

test("no module asks for a newer Go than the least one that is accepted", () => {
    for (const { name } of groups) {
        const go = /^go (\S+)$/m.exec(goMod(name))?.[1] ?? "";
        assert.ok(compareVersions(go, minimumGo) <= 0, `${name} asks for Go ${go}`);
    }
});

test("what is built is what upstream's lock wants, version for version", () => {
    const { packages, images } = wanted();
    assert.equal(versions.kubernetes, packages.kubelet.version);
    assert.equal(versions.containerd, packages["containerd.io"].version);
    assert.ok(packageVersions(versions.kubernetes).kubelet.startsWith(`${versions.kubernetes}-`));
    assert.deepEqual(
        [
            images.etcd.tag,
            images.coredns.tag,
            images.flannel.tag,
            images.argocd.tag,
            images["sealed-secrets-controller"].tag,
        ],
        [
            `${versions.etcd}-0`,
            `v${versions.coredns}`,
            `v${versions.flannel}`,
            `v${versions.argocd}`,
            versions.sealedSecrets,
        ],
    );
});

/** A module of one group in a folder of its own. */
function moduleFolder(t: { after(work: () => void): void }): string {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-test-"));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    fs.mkdirSync(path.join(dir, "cmd"));
    fs.writeFileSync(path.join(dir, "go.mod"), "module m\n");
    fs.writeFileSync(path.join(dir, "go.sum"), "sum\n");
    fs.writeFileSync(path.join(dir, "cmd/main.go"), "package main\n");
    return dir;
}

const group: Group = {
    name: "g",
    why: "because",
    cgo: false,
    estimate: 1,
    programs: [{ output: "p", package: "./cmd", from: "this project" }],
    files: [{ output: "f", module: "m", path: "f" }],
    embedded: [],
};

const program = group.programs[0];
assert.ok(program);
const changes: readonly [string, Group][] = [
    ["its name", { ...group, name: "h" }],
    ["cgo", { ...group, cgo: true }],
    ["a program's name", { ...group, programs: [{ ...program, output: "q" }] }],
    ["a program's package", { ...group, programs: [{ ...program, package: "./other" }] }],
    ["a linker variable", { ...group, programs: [{ ...program, variables: { "main.v": "1" } }] }],
    ["a file", { ...group, files: [] }],
    ["an embedded file", { ...group, embedded: group.files }],
];
for (const [name, changed] of changes) {
    test(`the key of a group changes with ${name}`, (t) => {
        const dir = moduleFolder(t);
        assert.notEqual(groupKey(changed, dir, "1.26.8"), groupKey(group, dir, "1.26.8"));
    });
}

test("the key of a group changes with the compiler and each file of its module, and with nothing else", (t) => {
    const dir = moduleFolder(t);
    const before = groupKey(group, dir, "1.26.8");
    assert.match(before, /^[0-9a-f]{12}$/);
    assert.notEqual(groupKey(group, dir, "1.26.9"), before);
    assert.equal(groupKey({ ...group, why: "another reason", estimate: 99 }, dir, "1.26.8"), before);
    fs.writeFileSync(path.join(dir, "README.md"), "text");
    fs.writeFileSync(path.join(dir, "cmd/main_test.go"), "package main\n");
    assert.equal(groupKey(group, dir, "1.26.8"), before);
    assert.deepEqual(moduleFiles(dir), ["cmd/main.go", "go.mod", "go.sum"]);
    const keys = new Set([before]);
    for (const file of moduleFiles(dir)) {
        fs.appendFileSync(path.join(dir, file), "// more\n");
        keys.add(groupKey(group, dir, "1.26.8"));
    }
    fs.renameSync(path.join(dir, "cmd/main.go"), path.join(dir, "cmd/other.go"));
    keys.add(groupKey(group, dir, "1.26.8"));
    assert.equal(keys.size, 5);
});

test("versions are compared by number", () => {
    const older: readonly [string, string][] = [
        ["1.26.8", "1.27"],
        ["1.9.0", "1.10.0"],
        ["1.26", "1.26.1"],
        ["0.99.99", "1.0.0"],
    ];
    for (const [a, b] of older) {
        assert.ok(compareVersions(a, b) < 0 && compareVersions(b, a) > 0, `${a} is older than ${b}`);
    }
    assert.equal(compareVersions("1.26", "1.26.0"), 0);
});

const failures: readonly [string, RegExp, RegExp][] = [
    ["write /tmp/x: no space left on device", /the disk filled up while g was built/, /drop-caches/],
    ["dial tcp: lookup proxy.golang.org: no such host", /module registry could not be reached for g/, /GOPROXY/],
    ["reading https://proxy.golang.org/x: 502 Bad Gateway", /registry could not be reached/, /GOPROXY/],
    ['Get "https://proxy": net/http: TLS handshake timeout', /registry could not be reached/, /GOPROXY/],
    ["verifying m@v1.0.0: checksum mismatch\n\tdownloaded: h1:x", /is not the one that go\.sum pins/, /do not go on/],
    ["main.go:3:2: missing go.sum entry for module m", /is not the one that go\.sum pins/, /do not go on/],
    [
        "a\nb\nc\nx.go:1:1: undefined: y",
        /building g failed:\n {4}b\n {4}c\n {4}x\.go:1:1: undefined: y/,
        /read the log/,
    ],
];
for (const [output, what, fix] of failures) {
    test(`Go says "${output.slice(0, 40).replace(/\n/g, " ")}"`, () => {
        const { message } = explainGoFailure("g", output, "/logs/g.log");
        assert.match(message, what);
        assert.match(message, new RegExp(`\\n {2}what to do: [^\\n]*${fix.source}`));
        assert.match(message, /\n {2}log: \/logs\/g\.log$/);
    });
}

test("Go uses the compiler that is there, and a cache of its own", () => {
    const env = goEnvironment("/cache", true);
    assert.deepEqual([env["GOTOOLCHAIN"], env["GOCACHE"], env["CGO_ENABLED"]], ["local", "/cache/go-build", "1"]);
    assert.equal(goEnvironment("/cache", false)["CGO_ENABLED"], "0");
});

test("the cache is where it is asked for", () => {
    assert.equal(cacheRoot({ FJORD_CACHE: "/a", XDG_CACHE_HOME: "/b" }), "/a");
    assert.equal(cacheRoot({ XDG_CACHE_HOME: "/b" }), "/b/fjord");
    assert.equal(cacheRoot({}), path.join(os.homedir(), ".cache/fjord"));
    assert.deepEqual([toolchainAt("/t", "k").bin, toolchainAt("/t", "k").source], ["/t/bin", "lab"]);
});
