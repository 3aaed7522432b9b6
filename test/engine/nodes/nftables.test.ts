import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { FirewallSettings, renderFirewall, sshPortsVariable } from "../../../components/nodes/firewall";
import { seconds } from "../../../infra/config/types";

const base: FirewallSettings = {
    holder: { role: "control-plane", ingress: false },
    ports: { loadBalancerPort: 7443, httpPort: 80, httpsPort: 443 },
    nodes: [
        { nodeAddress: "10.0.0.11", role: "control-plane" },
        { nodeAddress: "10.0.0.21", role: "worker" },
    ],
    podCidr: "10.244.0.0/16",
    sshFrom: ["192.0.2.0/24"],
    leavingFor: seconds(1920),
};

const variants: Readonly<Record<string, FirewallSettings>> = {
    "a control plane": base,
    "a worker with ingress": { ...base, holder: { role: "worker", ingress: true } },
    "ranges that overlap": { ...base, sshFrom: ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32"] },
    "the whole internet": { ...base, sshFrom: ["0.0.0.0/0"] },
    "nobody from outside": { ...base, sshFrom: [] },
    "no control plane": { ...base, nodes: [{ nodeAddress: "10.0.0.21", role: "worker" }] },
};

// `-c` checks against the kernel without changing it; that needs root.
for (const [name, settings] of Object.entries(variants)) {
    test(
        `nftables accepts the ruleset of ${name}`,
        { skip: process.getuid?.() !== 0 && "checking a ruleset needs root" },
        () => {
            const text = `define ${sshPortsVariable} = { 22,2222 }\n${renderFirewall(settings)}`;
            const result = spawnSync("nft", ["-c", "-f", "-"], { input: text, encoding: "utf8" });
            assert.equal(result.error, undefined, "install nftables: apt-get install nftables");
            assert.equal(result.status, 0, result.stderr);
        },
    );
}
