import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelParams, KernelSetting, kernelSettings } from "../../../components/nodes/kernel";

const ports = { loadBalancerPort: 7443, httpPort: 80, httpsPort: 443 };
const withIngress = kernelSettings({ ingress: true, backlog: 40000, ports });
const without = kernelSettings({ ingress: false, backlog: 40000, ports });

function find(settings: readonly KernelSetting[], key: string): KernelSetting | undefined {
    return settings.find((setting) => setting.key === key);
}

test("somaxconn is the ingress's backlog, where the ingress runs and nowhere else", () => {
    assert.deepEqual(
        Object.entries(find(withIngress, "net.core.somaxconn") ?? {}).find(([name]) => name === "atLeast"),
        ["atLeast", 40000],
    );
    assert.equal(find(without, "net.core.somaxconn"), undefined);
});

test("limits that a machine may already exceed are only raised", () => {
    for (const key of ["fs.file-max", "fs.inotify.max_user_watches", "vm.max_map_count", "net.core.somaxconn"]) {
        const setting = find(withIngress, key);
        assert.ok(setting && "atLeast" in setting, `${key} could lower what the machine has`);
    }
});

test("the settings that are harmful or a matter of choice are left alone", () => {
    for (const key of ["net.ipv4.ip_local_port_range", "net.ipv4.tcp_tw_reuse", "net.netfilter.nf_conntrack_max"]) {
        assert.equal(find(withIngress, key), undefined);
    }
});

test("the kubelet's own set is exact: it refuses any other value", () => {
    const wanted = {
        "vm.overcommit_memory": "1",
        "vm.panic_on_oom": "0",
        "kernel.panic": "10",
        "kernel.panic_on_oops": "1",
        "kernel.keys.root_maxkeys": "1000000",
        "kernel.keys.root_maxbytes": "25000000",
    };
    for (const [key, value] of Object.entries(wanted)) {
        const setting = find(without, key);
        assert.ok(setting && "value" in setting && setting.value === value, `${key} is not ${value}`);
    }
});

test("every setting appears once, says why, and travels as four fields", () => {
    const keys = withIngress.map((setting) => setting.key);
    assert.equal(new Set(keys).size, keys.length);
    assert.ok(withIngress.every((setting) => setting.why.length > 0));
    for (const line of kernelParams(withIngress)) {
        assert.match(line, /^[a-z][a-z0-9_.-]*\|(exact|at-least)\|[0-9,-]+\|(network-namespace|machine)$/);
    }
});
