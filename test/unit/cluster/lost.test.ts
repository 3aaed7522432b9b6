import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { stackFiles } from "../../../components/cluster/home";
import { refuseIfItRuns } from "../../../components/cluster/leave";
import { enterOrLost, noteLost, notReset, patienceFor } from "../../../components/cluster/lost";
import { lostAfter } from "../../../components/remote/reach";
import { SshError } from "../../../components/remote/ssh";
import { seconds } from "../../../infra/config/types";
import { node } from "./fixtures";

const fqdn = "worker-01.osl.node";
const region = "no-oslo-1";

test("a machine that was waited for when it left is not waited for again when it is given back", (t) => {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-lost-"));
    t.after(() => fs.rmSync(home, { recursive: true }));
    assert.equal(patienceFor(region, fqdn, home), lostAfter);
    noteLost(region, fqdn, home);
    assert.equal(patienceFor(region, "worker-02.osl.node", home), lostAfter, "another machine is");
    assert.equal(patienceFor(region, fqdn, home), 0);
    assert.equal(patienceFor(region, fqdn, home), lostAfter, "it counts once");
    noteLost(region, fqdn, home);
    const longAgo = Date.now() / 1000 - 3600;
    fs.utimesSync(stackFiles(region, home).lost(fqdn), longAgo, longAgo);
    assert.equal(patienceFor(region, fqdn, home), lostAfter, "what an earlier run saw does not count");
});

const behindJumpHost = async (): Promise<never> => {
    throw new SshError("jump", "jump host of worker-01", "nothing listens at 10.0.0.1:22", "check it");
};

test("behind a jump host that fails nothing is lost, unless all is given up", async (t) => {
    t.after(() => delete process.env["FJORD_GIVE_UP_CLUSTER"]);
    await assert.rejects(enterOrLost(region, behindJumpHost, seconds(30)), /nothing listens at 10\.0\.0\.1:22\n {2}what to do: check it; .*FJORD_GIVE_UP_CLUSTER/);
    process.env["FJORD_GIVE_UP_CLUSTER"] = "another";
    await assert.rejects(enterOrLost(region, behindJumpHost, seconds(30)));
    process.env["FJORD_GIVE_UP_CLUSTER"] = region;
    assert.ok("lost" in (await enterOrLost(region, behindJumpHost, seconds(30))));
});

test("a machine that is silent on SSH and still reports to the cluster is not lost", async () => {
    await assert.rejects(
        refuseIfItRuns({ node: async () => node(fqdn) }, fqdn, seconds(0)),
        /worker-01\.osl\.node: step leave failed: it does not answer on SSH, but its kubelet still reports.*\n {2}what to do: let SSH in/,
    );
    await refuseIfItRuns({ node: async () => node(fqdn, { ready: false }) }, fqdn, seconds(0));
    await refuseIfItRuns({ node: async () => undefined }, fqdn, seconds(0));
    let asked = 0;
    await refuseIfItRuns({ node: async () => node(fqdn, { ready: ++asked < 2 }) }, fqdn, seconds(30));
    assert.equal(asked, 2, "the cluster gets time to notice");
});

test("it is said what becomes of a machine that was not reset, and what to do", () => {
    const lost = { lost: new SshError("refused", fqdn, "nothing listens at 10.0.0.21:22", "check it"), tried: seconds(91) };
    const text = notReset(fqdn, lost, true);
    assert.match(text, /^fjord: worker-01\.osl\.node .* was not reset; it was tried for 91 s .*: nothing listens/);
    assert.match(text, /if it comes back: its kubelet enters the cluster again/);
    assert.match(text, /what to do then: reinstall it, or run kubeadm reset -f on it and kubectl delete node worker-01\.osl\.node; or put it into the stack again/);
    assert.doesNotMatch(notReset(fqdn, lost, false), /delete node/);
});
