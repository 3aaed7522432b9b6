import assert from "node:assert/strict";
import { test } from "node:test";
import { leavePoolStep } from "../../../components/machines/libvirt/pool-script";
import { keyPair } from "../../support/ssh-key";
import { Reached, runStep, startHypervisor } from "./local-step";

const tidy = ({ hypervisor, identityFile }: Pick<Reached, "hypervisor" | "identityFile">) =>
    runStep(["tidy.ts"], { ...leavePoolStep({ pool: "/pool" }, "no-oslo-1"), hypervisor, identityFile });

test("a hypervisor that leaves is tidied of all that is not finished, and what stays is said", async (t) => {
    const runs: string[] = [];
    let unwanted = "";
    const reached = await startHypervisor(t, (_, stdin) => {
        runs.push(stdin);
        return { code: 0, stdout: JSON.stringify({ removed: "", unwanted, pruned: "" }) };
    });
    assert.deepEqual(await tidy(reached), { code: 0, words: "" });
    assert.match(runs[0] ?? "", /^declare -ra WANTED=\(\)$/m);
    unwanted = "no-oslo-1-worker-09";
    const { code, words } = await tidy(reached);
    assert.equal(code, 0);
    assert.match(words, /hv-02: finished guests .* stay there: no-oslo-1-worker-09;/);
});

test("one that is gone, or was installed anew, may leave all the same", async (t) => {
    const reached = await startHypervisor(t);
    const anew = { ...reached, hypervisor: { ...reached.hypervisor, hostKey: keyPair().public } };
    assert.match((await tidy(anew)).words, /hv-02 was not tidied \(host-key\).*\/pool\/\*\.creating/);
    await reached.server.stop();
    const { code, words } = await tidy(reached);
    assert.equal(code, 0, words);
    assert.match(words, /hv-02 was not tidied \(refused\)/);
});

test("a script that fails there, or a key that is not let in, is an error", async (t) => {
    const reached = await startHypervisor(t, () => ({ code: 20, stderr: "fjord: hv-02: step tidy failed: libvirt does not answer" }));
    assert.deepEqual(await tidy(reached), { code: 1, words: "fjord: hv-02: step tidy failed: libvirt does not answer\n" });
    const other = await startHypervisor(t);
    const { code, words } = await tidy({ ...reached, identityFile: other.identityFile });
    assert.equal(code, 1);
    assert.match(words, /refused the key/);
});
