import assert from "node:assert/strict";
import { test } from "node:test";
import { reachToRemove } from "../../../components/machines/libvirt/reach";
import { SshError, SshFailure } from "../../../components/remote/ssh";
import { seconds } from "../../../infra/config/types";
import { keyPair } from "../../support/ssh-key";
import { exampleGuest } from "./guests";
import { runStep, startHypervisor } from "./local-step";

const domain = "no-oslo-1-worker-01";

/** A hypervisor that fails so often in that way, and then answers. */
function server(kind: SshFailure, failures: number): { readonly connect: () => Promise<string>; readonly tries: () => number } {
    let tries = 0;
    return {
        connect: () => {
            tries += 1;
            return tries > failures
                ? Promise.resolve("client")
                : Promise.reject(new SshError(kind, "hv-02", "the machine did not answer at 10.0.0.202:22 within 20 s", "check that it is powered on"));
        },
        tries: () => tries,
    };
}

const quick = { pause: 10, patience: seconds(1) };

test("a hypervisor that does not answer for a moment is asked again", async () => {
    for (const kind of ["no-answer", "refused", "broken", "timeout"] as const) {
        const one = server(kind, 3);
        assert.equal(await reachToRemove("hv-02", domain, one.connect, quick), "client");
        assert.equal(one.tries(), 4);
    }
});

test("one that never answers is an error, because its guest would start again with it", async () => {
    const one = server("no-answer", Infinity);
    const started = Date.now();
    await assert.rejects(reachToRemove("hv-02", domain, one.connect, quick), ({ message }: Error) => {
        assert.match(message, /^fjord: hv-02: step remove no-oslo-1-worker-01 failed: it was not removed, because the machine did not answer at 10\.0\.0\.202:22/);
        assert.match(message, /\(tried for 1 s\)\n {2}what to do: bring hv-02 back and run again.*FJORD_GIVE_UP_HYPERVISOR=hv-02/);
        assert.match(message, /\n {2}log: /);
        return true;
    });
    assert.ok(one.tries() > 10 && Date.now() - started < 5000, `${one.tries()} tries`);
});

test("one with another host key or that refuses the key is not asked again, and can be given up", async () => {
    for (const [kind, advice] of [["host-key", "find out who answers there"], ["key", "check that it is powered on"]] as const) {
        const one = server(kind, Infinity);
        await assert.rejects(
            reachToRemove("hv-02", domain, one.connect, quick),
            new RegExp(`what to do: ${advice}.*\\. If hv-02 is lost for good or was installed anew.*FJORD_GIVE_UP_HYPERVISOR=hv-02`),
        );
        assert.equal(one.tries(), 1);
    }
});

test("only the hypervisor that is named is given up, and not where it answers", async () => {
    const lost = () => server("no-answer", Infinity).connect();
    assert.equal(await reachToRemove("hv-02", domain, lost, { ...quick, givenUp: "hv-02" }), undefined);
    await assert.rejects(reachToRemove("hv-02", domain, lost, { ...quick, givenUp: "hv-01" }));
    assert.equal(await reachToRemove("hv-02", domain, server("refused", 0).connect, { ...quick, givenUp: "hv-02" }), "client");
    process.env["FJORD_GIVE_UP_HYPERVISOR"] = "hv-02";
    try {
        assert.equal(await reachToRemove("hv-02", domain, lost, quick), undefined);
    } finally {
        delete process.env["FJORD_GIVE_UP_HYPERVISOR"];
    }
});

test("what is no failure of SSH is not hidden", async () => {
    await assert.rejects(
        reachToRemove("hv-02", domain, () => Promise.reject(new Error("no SSH agent runs")), { ...quick, givenUp: "hv-02" }),
        /^Error: no SSH agent runs/,
    );
});

test("the step that removes a guest fails where its hypervisor is not reached, and ends well where that is given up", async (t) => {
    const { hypervisor, identityFile } = await startHypervisor(t);
    // It was installed anew: its host key is another one.
    const task = { guest: exampleGuest, hypervisor: { ...hypervisor, hostKey: keyPair().public }, identityFile };
    const { code, words } = await runStep(["guest-step.ts", "delete"], task);
    assert.equal(code, 1, words);
    assert.match(words, /hv-02: step remove no-oslo-1-worker-01 failed: it was not removed, because .*another host key/);
    assert.deepEqual(await runStep(["guest-step.ts", "delete"], task, { FJORD_GIVE_UP_HYPERVISOR: "hv-02" }), { code: 0, words: "" });
});

test("the step that makes a guest sees to its base image first", async (t) => {
    const runs: string[] = [];
    const { hypervisor, identityFile } = await startHypervisor(t, (_, stdin) => {
        runs.push(stdin);
        return { code: 20, stderr: "fjord: hv-02: the image is not to be had" };
    });
    const base = { params: { URL: "http://files/image", BASE: "/pool/fjord-base.qcow2" }, timeout: 60 };
    const { code, words } = await runStep(["guest-step.ts", "create"], { guest: exampleGuest, hypervisor, identityFile, base });
    assert.equal(code, 1);
    assert.match(words, /the image is not to be had/);
    assert.equal(runs.length, 1);
    assert.match(runs[0] ?? "", /^declare -r URL='http:\/\/files\/image'$/m);
});
