import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { test, TestContext } from "node:test";
import { checkDigest, checkOf, DriftCheck, driftChecks, driftFolder, driftParams, driftScript } from "../../../components/nodes/drift";
import { PlainScript } from "../../../components/nodes/steps";
import { renderScript, ScriptExit, ScriptMode } from "../../../components/remote/script";
import { seconds } from "../../../infra/config/types";
import { parseNodeReport } from "../../../operations/drift/node-report";
import { examplePlan } from "../../unit/nodes/example";

/** Folders of a node that are written to; each is bound over the real one in a mount namespace of its own. */
const folders = [
    "/usr/local/lib/fjord",
    "/usr/local/sbin",
    "/etc/systemd/system",
    "/etc/fjord",
    "/etc/kubernetes",
    "/var/log/fjord",
    "/run/fjord",
];
const plan = examplePlan("cp-01");
const keys = ["ssh-ed25519 AAAAfirst job@ci", "ssh-ed25519 AAAAsecond"];

/** Tools that a container of the tests has not, or that would touch this machine. They write to the private folders. */
const tools: Readonly<Record<string, string>> = {
    useradd: `echo "$@" >/etc/fjord/useradd; echo "\${@: -1}:*:9:9::${driftFolder}:${driftFolder}/report" >/etc/fjord/user`,
    userdel: "rm /etc/fjord/user",
    loginctl: "exit 1",
    getent: "cat /etc/fjord/user 2>/dev/null",
    systemctl: 'echo "$*" >>/etc/fjord/systemctl; case $1 in is-*) [[ -e /etc/systemd/system/fjord-drift.socket ]] ;; esac',
    kubectl: 'echo "$@" >/etc/fjord/kubectl; printf "payment Synced Healthy\\nother OutOfSync <none>\\n"',
};

interface Outcome {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
}

interface Machine {
    readonly root: string;
    /** Runs bash with the folders bound. */
    bash(line: string, input?: string, env?: NodeJS.ProcessEnv): Outcome;
    drift(keys: readonly string[], checks: readonly DriftCheck[], mode?: ScriptMode): Outcome;
    read(file: string): string;
    has(file: string): boolean;
}

function machine(t: TestContext): Machine {
    assert.equal(process.getuid?.(), 0, "this test needs root");
    const root = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-drift-"));
    t.after(() => fs.rmSync(root, { recursive: true, force: true }));
    const at = (file: string): string => path.join(root, file);
    folders.forEach((folder) => fs.mkdirSync(at(folder), { recursive: true }));
    for (const [name, body] of Object.entries(tools)) {
        fs.writeFileSync(at(`/usr/local/sbin/${name}`), `#!/bin/bash\n${body}\n`, { mode: 0o755 });
    }
    const binds = folders.map((folder) => `mkdir -p ${folder}; mount --bind ${at(folder)} ${folder}`).join("; ");
    const bash: Machine["bash"] = (line, input = "", env) => {
        const args = ["--mount", "--propagation", "private", "bash", "-p", "-c", `${binds}; ${line}`];
        const { status, stdout, stderr } = spawnSync("unshare", args, {
            input,
            encoding: "utf8",
            timeout: 60_000,
            ...(env && { env: { ...process.env, ...env } }),
        });
        return { code: status, stdout, stderr };
    };
    return {
        root,
        bash,
        drift: (given, checks, mode = "apply") => {
            const run = { file: driftScript.script, node: plan.machine.fqdn, step: "drift", mode, lockWait: "none" } as const;
            return bash("exec bash -s", renderScript({ ...run, params: driftParams(plan, given, checks) }));
        },
        read: (file) => fs.readFileSync(at(file), "utf8"),
        has: (file) => fs.existsSync(at(file)),
    };
}

/** A check whose script has this body. */
function checkWith(t: TestContext, step: string, body: string): DriftCheck {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-check-"));
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const script = path.join(folder, `${step}.sh`);
    fs.writeFileSync(script, body);
    const plain: PlainScript = { script, params: { WANTED: "it's" }, timeout: seconds(1) };
    return checkOf(plan, step, plain);
}

const mode = (node: Machine, file: string): string => (fs.statSync(path.join(node.root, file)).mode & 0o777).toString(8);

test("a job's key is bound to the one program, its user has that for a shell, and a second run changes nothing", (t) => {
    const node = machine(t);
    const checks = [checkWith(t, "kernel", ":")];
    assert.equal(node.drift(keys, checks, "check").code, ScriptExit.drift);
    assert.ok(!node.has(`${driftFolder}/check`) && !node.has("/etc/fjord/user"));

    const { code, stderr } = node.drift(keys, checks);
    assert.equal(code, ScriptExit.ok, stderr);
    assert.equal(
        node.read(`${driftFolder}/.ssh/authorized_keys`),
        keys.map((key) => `restrict,command="${driftFolder}/report" ${key.replace(" job@ci", "")}\n`).join(""),
    );
    assert.match(node.read("/etc/fjord/useradd"), /^--system .*--shell \S+\/drift\/report --password \* fjord-drift$/m);
    assert.deepEqual(
        ["", "/check", "/report", "/checks", "/lib.sh", "/.ssh/authorized_keys"].map((file) => mode(node, driftFolder + file)),
        ["755", "700", "755", "700", "600", "644"],
    );
    assert.match(node.read("/etc/fjord/systemctl"), /^restart fjord-drift\.socket$/m);
    assert.equal(node.drift(keys, checks, "check").code, ScriptExit.ok);
    assert.equal(node.drift(keys.slice(1), checks, "check").code, ScriptExit.drift);
});

test("a check that is no longer wanted goes, and without keys everything goes", (t) => {
    const node = machine(t);
    const [kernel, old] = [checkWith(t, "kernel", ":"), checkWith(t, "old", ":")];
    node.drift(keys, [kernel, old]);
    node.drift(keys, [kernel]);
    assert.ok(!node.has(`${driftFolder}/checks/old.sh`) && node.has(`${driftFolder}/checks/kernel.sh`));

    const { code, stderr } = node.drift([], []);
    assert.equal(code, ScriptExit.ok, stderr);
    assert.ok(!node.has(driftFolder) && !node.has("/etc/fjord/user") && !node.has("/etc/systemd/system/fjord-drift.socket"));
    assert.equal(node.drift([], [], "check").code, ScriptExit.ok);
});

/** A step of each kind, as scripts end. */
const kinds = {
    good: "say fine",
    bad: 'changed "key \\"a\\": 1 -> 2\tthe end"\nchanged "$WANTED"',
    broken: 'fail "nothing works" "mend it"',
    crashed: "false",
    member: 'say "kubelet stays at 1.36.5 (1.36.4 is wanted): this node is in a cluster"',
    silent: "exit 10",
    long: 'for ((i = 0; i < 50; i++)); do changed "$(printf "%0400d" "$i")"; done',
};

test("the report says of every check what it found, and which check it was", (t) => {
    const node = machine(t);
    const checks = Object.entries(kinds).map(([step, body]) => checkWith(t, step, body));
    node.drift(keys, checks);
    const { code, stdout, stderr } = node.bash(`exec ${driftFolder}/check`);
    assert.equal(code, 0, stderr);
    const report = parseNodeReport(stdout);
    assert.equal(report.node, "cp-01.osl.node");
    const found = Object.fromEntries(report.steps.map((step) => [step.step, step]));
    assert.deepEqual(
        Object.entries(found).map(([step, { state }]) => `${step} ${state}`),
        ["bad drift", "broken unknown", "crashed unknown", "good in-sync", "long drift", "member drift", "silent drift"],
    );
    assert.deepEqual(found["bad"]?.findings, ['key "a": 1 -> 2the end', "it's"]);
    assert.deepEqual(found["broken"]?.findings, ["nothing works", "mend it"]);
    assert.deepEqual(found["member"]?.findings, ["kubelet stays at 1.36.5 (1.36.4 is wanted)"]);
    assert.equal(found["long"]?.findings.length, 20);
    assert.ok(stdout.length < 20_000, `${stdout.length}`);
    assert.deepEqual(
        checks.map((check) => found[check.step]?.script),
        checks.map(checkDigest),
    );
    assert.deepEqual(report.applications, {
        list: [
            { name: "payment", sync: "Synced", health: "Healthy" },
            { name: "other", sync: "OutOfSync", health: "<none>" },
        ],
    });
    assert.match(node.read("/etc/fjord/kubectl"), /^--kubeconfig \S+\/admin\.conf --request-timeout=15s get applications/);
});

test("an API that does not answer and a machine that is held are said", (t) => {
    const node = machine(t);
    node.drift(keys, [checkWith(t, "good", ":")]);
    fs.writeFileSync(path.join(node.root, "/usr/local/sbin/kubectl"), '#!/bin/bash\necho "cannot \\"reach\\" it" >&2; exit 1\n');
    const hasty = node.read(`${driftFolder}/check`).replace("LOCK_LIMIT=30", "LOCK_LIMIT=1");
    fs.writeFileSync(path.join(node.root, driftFolder, "check"), hasty);
    const { stdout } = node.bash(`echo "kernel pid 1" >/run/fjord/holder; flock /run/fjord/lock ${driftFolder}/check`);
    const report = parseNodeReport(stdout);
    assert.deepEqual(report.applications, { problem: 'cannot "reach" it' });
    assert.deepEqual([report.busy, report.steps], ["kernel pid 1", []]);
});

/** A certificate of a control plane, where kubeadm puts it, with this many days left. */
function certificate(node: Machine, file: string, days: number): void {
    const { code, stderr } = node.bash(
        `mkdir -p "$(dirname ${file})"; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null ` +
            `-subj /CN=test -days ${days} -out ${file}`,
    );
    assert.equal(code, 0, stderr);
}

test("certificates of a control plane that end soon are found, also those of its clients, and a CA's is not", (t) => {
    const node = machine(t);
    const check = driftChecks(plan).find(({ step }) => step === "certificates");
    assert.ok(check);
    node.drift(keys, [check]);
    const found = () => parseNodeReport(node.bash(`exec ${driftFolder}/check`).stdout).steps.map(({ state, findings }) => ({ state, findings }));
    assert.deepEqual(found(), [{ state: "in-sync", findings: [] }], "before the cluster has begun");

    certificate(node, "/etc/kubernetes/pki/apiserver.crt", 200);
    certificate(node, "/etc/kubernetes/pki/ca.crt", 3);
    fs.writeFileSync(path.join(node.root, "/etc/kubernetes/kubelet.conf"), "users:\n- user:\n    client-certificate: /var/lib/kubelet/x.pem\n");
    assert.deepEqual(found(), [{ state: "in-sync", findings: [] }]);

    certificate(node, "/etc/kubernetes/pki/etcd/server.crt", 59);
    certificate(node, "/etc/kubernetes/client.crt", 5);
    const data = Buffer.from(node.read("/etc/kubernetes/client.crt")).toString("base64");
    fs.writeFileSync(path.join(node.root, "/etc/kubernetes/scheduler.conf"), `users:\n- user:\n    client-certificate-data: ${data}\n`);
    const [report] = found();
    assert.equal(report?.state, "drift");
    assert.deepEqual(
        report.findings.map((line) => line.replace(/ends on .* GMT$/, "ends")),
        ["/etc/kubernetes/pki/etcd/server.crt: ends", "/etc/kubernetes/scheduler.conf: ends"],
    );

    fs.writeFileSync(path.join(node.root, "/etc/kubernetes/pki/apiserver.crt"), "nonsense\n");
    assert.deepEqual(found()[0]?.state, "unknown");
});

test("no argument, input or environment of a caller changes what the check does", (t) => {
    const node = machine(t);
    node.drift(keys, [checkWith(t, "good", 'say "seen: ${SSH_ORIGINAL_COMMAND:-} ${EVIL:-}"')]);
    const plain = node.bash(`exec ${driftFolder}/check`);
    const trap = path.join(node.root, "trap");
    fs.writeFileSync(trap, "touch /etc/fjord/trapped\n");
    const hostile = {
        SSH_ORIGINAL_COMMAND: "touch /etc/fjord/trapped",
        BASH_ENV: trap,
        ENV: trap,
        "BASH_FUNC_flock%%": "() { touch /etc/fjord/trapped; }",
        "BASH_FUNC_printf%%": "() { touch /etc/fjord/trapped; }",
        PATH: `${node.root}:/usr/bin:/bin`,
        SHELLOPTS: "xtrace",
        PS4: "$(touch /etc/fjord/trapped)",
        LD_PRELOAD: "",
        EVIL: "evil",
    };
    const input = "touch /etc/fjord/trapped\n";
    const asked = node.bash(`exec ${driftFolder}/check --mode apply '; ${input.trim()}'`, input, hostile);
    assert.equal(asked.stdout, plain.stdout);
    assert.ok(!node.has("/etc/fjord/trapped"));
    assert.ok(!node.read("/var/log/fjord/drift-good.log").includes("evil"));
});

test("what logs in prints the report and passes nothing on", async (t) => {
    const node = machine(t);
    node.drift(keys, []);
    const run = path.join(node.root, "run-of-the-socket");
    fs.mkdirSync(run);
    let received = "";
    const server = net.createServer((socket) => {
        socket.on("data", (data) => (received += String(data)));
        socket.end("the report\n");
    });
    await new Promise<void>((resolve) => server.listen(path.join(run, "fjord-drift.socket"), resolve));
    t.after(() => server.close());
    const report = path.join(node.root, driftFolder, "report");
    const line = `mount --bind ${run} /run; exec ${report} -c 'touch ${run}/trapped' -e 'system("touch ${run}/trapped")'`;
    const child = spawn("unshare", ["--mount", "--propagation", "private", "bash", "-c", line], {
        env: { ...process.env, SSH_ORIGINAL_COMMAND: "id", PERL5OPT: "-Mnothing", PERL5LIB: run },
        stdio: ["pipe", "pipe", "inherit"],
    });
    child.stdin.end("id\n");
    let said = "";
    child.stdout.on("data", (data: Buffer) => (said += String(data)));
    const code = await new Promise((resolve) => child.once("close", resolve));
    assert.deepEqual([code, said, received], [0, "the report\n", ""]);
    assert.ok(!fs.existsSync(path.join(run, "trapped")));
});
