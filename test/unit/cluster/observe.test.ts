import assert from "node:assert/strict";
import { test } from "node:test";
import { firstInOrder } from "../../../components/cluster/live";
import { commandLine } from "../../../components/cluster/session";
import { caCertHash } from "../../../components/cluster/member";
import { parseNodes, somewhereToGo } from "../../../components/cluster/nodes";
import { parseHolding } from "../../../components/cluster/observe";
import { Seconds } from "../../../infra/config/types";
import { node } from "./fixtures";

test("what a machine says of itself is read", () => {
    const ca = Buffer.from("PEM=\n").toString("base64");
    const text = `started=\ncompleted=no-oslo-1 0123abcd\netcdData=true\ncredentials=true\nca=${ca}\nkubelet=1.36.4\napiReady=true\n`;
    assert.deepEqual(parseHolding(text), {
        completed: { region: "no-oslo-1", settings: "0123abcd" },
        etcdData: true,
        credentials: true,
        ca: "PEM=\n",
        kubeletVersion: "1.36.4",
        apiReady: true,
    });
    assert.deepEqual(
        parseHolding(
            "started=join lab\ncompleted=\netcdData=false\ncredentials=false\nca=\nkubelet=\napiReady=false\n",
        ),
        {
            started: { verb: "join", region: "lab" },
            etcdData: false,
            credentials: false,
            apiReady: false,
        },
    );
});

test("half an answer is no answer", () => {
    assert.throws(() => parseHolding("started=\ncompleted=\n"), /lacks "ca"/);
});

test("nodes are read with what decisions need", () => {
    const item = {
        metadata: {
            name: "w",
            uid: "u",
            resourceVersion: "7",
            labels: { "node-role.kubernetes.io/control-plane": "" },
        },
        spec: { unschedulable: true },
        status: { conditions: [{ type: "Ready", status: "Unknown", message: "Kubelet stopped posting node status." }], nodeInfo: { bootID: "boot", kubeletVersion: "v1.36.4" } },
    };
    assert.deepEqual(parseNodes(JSON.stringify({ items: [item] })), [
        node("w", {
            uid: "u",
            resourceVersion: "7",
            ready: false,
            trouble: "Kubelet stopped posting node status.",
            unschedulable: true,
            controlPlane: true,
            labels: { "node-role.kubernetes.io/control-plane": "" },
        }),
    ]);
});

test("a tainted node takes no pods, a preferred taint does not count", () => {
    const other = (effect: string) => [node("leaving"), node("other", { taints: [{ key: "k", effect }] })];
    assert.equal(somewhereToGo(other("NoSchedule"), "leaving"), false);
    assert.equal(somewhereToGo(other("NoExecute"), "leaving"), false);
    assert.equal(somewhereToGo(other("PreferNoSchedule"), "leaving"), true);
    assert.equal(somewhereToGo([node("leaving")], "leaving"), false);
});

test("a command line keeps every word as it is", () => {
    assert.equal(
        commandLine(["kubectl", "--patch", `{"a":"it's"}`, "jsonpath={.x}"]),
        `kubectl --patch '{"a":"it'\\''s"}' 'jsonpath={.x}'`,
    );
});

// Made with openssl; the hash is what `openssl x509 -pubkey | openssl pkey -pubin -outform der | sha256sum` prints.
const certificate = `-----BEGIN CERTIFICATE-----
MIIBQDCB86ADAgECAhRRaK+w0MAKWUQmAoApcjkK2a161jAFBgMrZXAwFTETMBEG
A1UEAwwKa3ViZXJuZXRlczAgFw0yNjExMjMxNjM1MjlaGA8yMTI2MTAzMDE2MzUy
OVowFTETMBEGA1UEAwwKa3ViZXJuZXRlczAqMAUGAytlcAMhAHXMfAqtppoNY1iT
LDcdmIv97qXPePIYun7XUZHr90Xjo1MwUTAdBgNVHQ4EFgQULqHUS2WcKW88TiKH
zhg4rrG/iVEwHwYDVR0jBBgwFoAULqHUS2WcKW88TiKHzhg4rrG/iVEwDwYDVR0T
AQH/BAUwAwEB/zAFBgMrZXADQQCwQvwyIUBUXT5ybMJuheTuCkr0qDSsbkgxSUJ9
T/6YB0jgExwZVIt2MbaCUo/GZpoQ0JtG/w893DuOZE+XTsAJ
-----END CERTIFICATE-----
`;
test("the pin of a CA is kubeadm's", () => {
    assert.equal(caCertHash(certificate), "sha256:066ca36a675555b70982656e5c6c09a8e9fe6839ec123dde15fe480837785714");
});

test("the first that succeeds is chosen in order, a slow one is waited for, a silent one only for a moment", async () => {
    const after = <T>(ms: number, value: T) => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));
    const failing = (ms: number) => after(ms, 0).then(() => Promise.reject(new Error("no")));
    const choose = (candidates: Promise<string>[]) => firstInOrder(candidates, 0.2 as Seconds);
    assert.equal(await choose([after(50, "a"), after(0, "b")]), "a");
    assert.equal(await choose([failing(50), after(0, "b")]), "b");
    assert.equal(await choose([failing(0), failing(20), after(40, "c")]), "c");
    assert.equal(await choose([failing(0), failing(1)]), undefined);
    assert.equal(await choose([]), undefined);
    const started = Date.now();
    assert.equal(await choose([after(3000, "a"), after(10, "b")]), "b");
    assert.ok(Date.now() - started < 1500);
});
