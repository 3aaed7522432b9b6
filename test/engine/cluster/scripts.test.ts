import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test, TestContext } from "node:test";
import { parseHolding } from "../../../components/cluster/observe";
import { renderScript, ScriptMode, ScriptValue } from "../../../components/remote/script";

const scripts = path.resolve(__dirname, "../../../components/cluster/scripts");

/** Folders of a node that the scripts write to; each is bound over the real one in a mount namespace of its own. */
const folders = [
    "/etc/fjord",
    "/etc/kubernetes",
    "/var/lib/etcd",
    "/var/log/fjord",
    "/run/fjord",
    "/usr/local/sbin",
    "/etc/cni/net.d",
    "/var/lib/kubelet",
];

interface Machine {
    readonly root: string;
    run(
        script: string,
        params: Record<string, ScriptValue>,
        mode?: ScriptMode,
    ): { code: number | null; result: string; error: string };
    tool(name: string, body: string): void;
    read(file: string): string;
    has(file: string): boolean;
    write(file: string, content: string): void;
}

/** A "machine": this one, with those folders empty and the named tools replaced. */
function machine(t: TestContext): Machine {
    assert.equal(process.getuid?.(), 0, "this test needs root");
    const root = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-scripts-"));
    t.after(() => fs.rmSync(root, { recursive: true, force: true }));
    const at = (file: string): string => path.join(root, file);
    folders.forEach((folder) => fs.mkdirSync(at(folder), { recursive: true }));
    const binds = folders.map((folder) => `mkdir -p ${folder}; mount --bind ${at(folder)} ${folder}`).join("; ");
    const write = (file: string, content: string, mode = 0o644): void => {
        fs.mkdirSync(path.dirname(at(file)), { recursive: true });
        fs.writeFileSync(at(file), content, { mode });
    };
    const result: Machine = {
        root,
        run: (script, params, mode = "apply") => {
            const text = renderScript({
                file: path.join(scripts, `${script}.sh`),
                node: "cp-01.osl.node",
                step: script,
                mode,
                params,
            });
            const { status, stdout, stderr } = spawnSync(
                "unshare",
                ["--mount", "--propagation", "private", "bash", "-c", `${binds}; exec bash -s`],
                {
                    input: text,
                    encoding: "utf8",
                },
            );
            return { code: status, result: stdout, error: stderr };
        },
        tool: (name, body) => write(`/usr/local/sbin/${name}`, `#!/bin/bash\n${body}\n`, 0o755),
        read: (file) => fs.readFileSync(at(file), "utf8"),
        has: (file) => fs.existsSync(at(file)),
        write,
    };
    for (const name of ["systemctl", "kubelet", "ip", "nft", "kubectl", "kubeadm"]) {
        result.tool(name, name === "ip" || name === "nft" ? "exit 1" : "exit 0");
    }
    return result;
}

const join = {
    VERB: "join",
    REGION: "lab",
    SETTINGS: "0123",
    CONFIG: "the token: SECRET",
    FILE_PATHS: ["/etc/kubernetes/pki/etcd/ca.key"],
    FILE_MODES: ["0600"],
    FILE_CONTENTS: ["KEY 'quoted' $HOME\n"],
};

test("a join places the files, gives kubeadm its file, leaves the mark and nothing secret, and is not done twice", (t) => {
    const node = machine(t);
    node.tool(
        "kubeadm",
        'echo "$@" >>/var/lib/kubelet/calls; cat /run/fjord/kubeadm.yaml >/var/lib/kubelet/seen; stat -c %a /run/fjord/kubeadm.yaml >>/var/lib/kubelet/seen; cat /etc/fjord/member-started >>/var/lib/kubelet/seen',
    );
    const first = node.run("member", join);
    assert.equal(first.code, 0, first.error + node.read("/var/log/fjord/member.log"));
    assert.equal(node.read("/var/lib/kubelet/seen"), "the token: SECRET600\njoin lab\n");
    assert.equal(node.read("/etc/fjord/member"), "lab 0123\n");
    assert.equal(node.read("/etc/kubernetes/pki/etcd/ca.key"), join.FILE_CONTENTS[0]);
    assert.ok(!node.has("/etc/fjord/member-started") && !node.has("/run/fjord/kubeadm.yaml"));
    assert.ok(!node.read("/var/log/fjord/member.log").includes("SECRET"));
    assert.equal(node.run("member", join).code, 0);
    assert.equal(node.read("/var/lib/kubelet/calls").trim().split("\n").length, 1);
});

test("a join that fails says kubeadm's reason, keeps the started mark and no secret", (t) => {
    const node = machine(t);
    node.tool(
        "kubeadm",
        'echo "[ERROR ImagePull]: failed to pull image registry.k8s.io/etcd:1: not found" >&2; exit 1',
    );
    const { code, error } = node.run("member", join);
    assert.equal(code, 20);
    assert.match(
        error,
        /^fjord: cp-01\.osl\.node: step member failed: kubeadm join: \[ERROR ImagePull\]: failed to pull image registry\.k8s\.io\/etcd:1/,
    );
    assert.equal(node.read("/etc/fjord/member-started"), "join lab\n");
    assert.ok(!node.has("/etc/fjord/member") && !node.has("/run/fjord/kubeadm.yaml"));
});

test("check mode changes nothing and says that it would", (t) => {
    const node = machine(t);
    assert.equal(node.run("member", join, "check").code, 10);
    assert.equal(
        node.run(
            "roll",
            { ...join, PART: "kubelet", ROLE: "worker", VERSION: "1", PACKAGES: [], UPLOAD: false },
            "check",
        ).code,
        10,
    );
    assert.ok(!node.has("/etc/fjord/member-started"));
});

test("a roll holds its packages again, which apt lets go, and leaves out the checks that the stack leaves out", (t) => {
    const node = machine(t);
    for (const tool of ["apt-get", "apt-mark", "systemctl", "kubeadm"]) {
        node.tool(tool, `echo "${tool} $*" >>/run/fjord/calls`);
    }
    const roll = (params: Record<string, ScriptValue>) => {
        const { code, error } = node.run("roll", { ...join, ROLE: "worker", VERSION: "1.36.5", PACKAGES: [], IGNORE: [], UPLOAD: false, ...params });
        assert.equal(code, 0, error);
        const calls = node.read("/run/fjord/calls").trim().split("\n");
        fs.rmSync(path.join(node.root, "/run/fjord/calls"));
        return calls;
    };
    const restart = ["systemctl daemon-reload", "systemctl restart kubelet"];
    const [update = "", install = "", ...after] = roll({ PART: "kubelet", PACKAGES: ["kubelet=1.36.5-1.1", "kubectl=1.36.5-1.1"] });
    assert.match(update, /^apt-get .* update$/);
    assert.match(install, /^apt-get .* install --allow-change-held-packages .* kubelet=1\.36\.5-1\.1 kubectl=1\.36\.5-1\.1$/);
    assert.deepEqual(after, ["apt-mark hold kubelet kubectl", ...restart]);
    node.tool("dpkg-query", "[[ ${*: -1} == containerd.io ]] && printf 2.3.7-1 || printf 1.9.1-1.1");
    assert.deepEqual(roll({ PART: "kubelet", PACKAGES: ["containerd.io=2.3.7-1", "kubernetes-cni=1.9.1-1.1"] }), restart, "what is there is left alone");
    const newer = roll({ PART: "kubelet", PACKAGES: ["containerd.io=2.3.8-1", "kubernetes-cni=1.9.1-1.1"] });
    assert.match(newer[1] ?? "", / install .* containerd\.io=2\.3\.8-1$/);
    assert.deepEqual(newer.slice(2), ["apt-mark hold containerd.io", "systemctl restart containerd", ...restart]);
    assert.deepEqual(roll({ PART: "upgrade", IGNORE: ["SystemVerification", "Mem"] }), ["kubeadm upgrade node --ignore-preflight-errors=SystemVerification,Mem"]);
    assert.deepEqual(roll({ PART: "upgrade", UPLOAD: true }), ["kubeadm upgrade apply --yes v1.36.5"]);
});

test("an observation tells an empty machine, an interrupted join and a member apart", (t) => {
    const node = machine(t);
    node.tool("kubelet", "echo Kubernetes v1.36.4");
    const observe = () => {
        const { code, result, error } = node.run("observe", { API: "10.0.0.11:6443" });
        assert.equal(code, 0, error);
        return parseHolding(result);
    };
    assert.deepEqual(observe(), { etcdData: false, credentials: false, apiReady: false, kubeletVersion: "1.36.4" });
    node.write("/etc/fjord/member-started", "join lab\n");
    node.write("/etc/kubernetes/pki/ca.crt", "CA\n");
    assert.deepEqual(observe(), {
        started: { verb: "join", region: "lab" },
        etcdData: false,
        credentials: true,
        ca: "CA\n",
        apiReady: false,
        kubeletVersion: "1.36.4",
    });
    fs.rmSync(path.join(node.root, "/etc/fjord/member-started"));
    node.write("/etc/fjord/member", "lab 0123\n");
    node.write("/etc/kubernetes/admin.conf", "");
    node.write("/var/lib/etcd/member/wal", "");
    const member = observe();
    assert.deepEqual(
        [member.completed, member.etcdData, member.apiReady],
        [{ region: "lab", settings: "0123" }, true, true],
    );
});

test("a reset takes all of a member away, also where kubeadm fails, and a second one finds nothing", (t) => {
    const node = machine(t);
    const traces = [
        "/etc/fjord/member",
        "/etc/kubernetes/pki/ca.key",
        "/etc/kubernetes/manifests/etcd.yaml",
        "/etc/kubernetes/fjord/encryption.yaml",
        "/var/lib/etcd/member/wal",
        "/etc/cni/net.d/10-flannel.conflist",
    ];
    traces.forEach((file) => node.write(file, "x"));
    node.tool("kubeadm", "exit 1");
    const { code, error } = node.run("reset", { CONFIG: "kind: ResetConfiguration" });
    assert.equal(code, 0, error + node.read("/var/log/fjord/reset.log"));
    assert.deepEqual(
        traces.filter((file) => node.has(file)),
        [],
    );
    assert.equal(node.run("reset", { CONFIG: "" }, "check").code, 0);
});

test("a reset that leaves a kubelet's credentials behind is an error", (t) => {
    const node = machine(t);
    node.write("/etc/fjord/member", "lab 0123\n");
    node.write("/etc/kubernetes/kubelet.conf", "x");
    const { code, error } = node.run("reset", { CONFIG: "" });
    assert.equal(code, 20);
    assert.match(error, /left members' data behind/);
    assert.ok(node.has("/etc/fjord/member"));
});

test("a roll's settings reach kubeadm phase by phase, the cluster's copy only where this node brings it up to date", (t) => {
    const node = machine(t);
    const planned = (args: string) => `- etcd\n${args}\nimage: etcd:1\n`;
    node.tool("kubeadm", `echo "$*" >>/var/lib/kubelet/calls; [[ $* != *dry-run* ]] || printf '%s' '${planned("- --initial-cluster=cp-01=a")}' >"$KUBEADM_INIT_DRYRUN_DIR/etcd.yaml"`);
    node.write("/etc/kubernetes/manifests/etcd.yaml", "- etcd\nimage: etcd:0\n");
    const params = { ...join, PART: "settings", ROLE: "control-plane", VERSION: "1.36.4", PACKAGES: [], UPLOAD: true };
    assert.equal(node.run("roll", params).code, 0);
    assert.equal(node.run("roll", { ...params, ROLE: "worker", UPLOAD: false }).code, 0);
    assert.deepEqual(node.read("/var/lib/kubelet/calls").trim().split("\n"), [
        "init phase upload-config all --config /run/fjord/kubeadm.yaml",
        "init phase addon all --config /run/fjord/kubeadm.yaml",
        "init phase etcd local --dry-run --config /run/fjord/kubeadm.yaml",
        "init phase etcd local --config /run/fjord/kubeadm.yaml",
        "init phase control-plane all --config /run/fjord/kubeadm.yaml",
        "upgrade node phase kubelet-config",
        "upgrade node phase kubelet-config",
    ]);
    assert.ok(!node.has("/run/fjord/kubeadm.yaml"));

    node.write("/etc/kubernetes/manifests/etcd.yaml", planned("- --initial-cluster=cp-02=b,cp-01=a\n- --initial-cluster-state=existing"));
    fs.rmSync(path.join(node.root, "/var/lib/kubelet/calls"));
    assert.equal(node.run("roll", { ...params, UPLOAD: false }).code, 0);
    assert.deepEqual(
        node.read("/var/lib/kubelet/calls").trim().split("\n").filter((call) => call.includes("etcd")),
        ["init phase etcd local --dry-run --config /run/fjord/kubeadm.yaml"],
        "that a member joined is no need to start it anew",
    );
    assert.equal(node.run("roll", { ...params, PART: "done" }).code, 0);
    assert.equal(node.read("/etc/fjord/member"), "lab 0123\n");
});
