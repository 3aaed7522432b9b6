import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import { alone } from "../../../components/cluster/change";
import { controlPlanesFirst } from "../../../components/cluster/control-planes-first";
import { seconds } from "../../../infra/config/types";

const home = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-first-"));
const previousHome = process.env["FJORD_HOME"];
const worker = "worker-01.osl.node";

before(() => (process.env["FJORD_HOME"] = home));

after(() => {
    process.env["FJORD_HOME"] = previousHome;
    fs.rmSync(home, { recursive: true, force: true });
});

/** A cluster that is behind until something has happened, and cannot be asked at first. */
function cluster() {
    const state = { behind: true, asked: 0 };
    const ask = async (): Promise<string | undefined> => {
        state.asked += 1;
        if (state.asked === 1) {
            throw new Error("no API server answers");
        }
        return state.behind ? "version" : undefined;
    };
    return { state, ask };
}

test("a worker rolls once a control plane has brought the cluster's own copy up to date, however long that takes", async () => {
    const { state, ask } = cluster();
    let done = false;
    const rolling = alone("one", "cp-01.osl.node", async () => {
        await controlPlaneWorks(3000);
        state.behind = false;
        done = true;
    });
    await controlPlanesFirst("one", worker, ask, seconds(1));
    assert.ok(done);
    await rolling;
});

test("a worker does not wait where nothing is behind", async () => {
    await controlPlanesFirst("none-yet", worker, async () => undefined, seconds(1));
});

test("a worker whose control planes are not changed by anybody is not rolled", async () => {
    const { ask } = cluster();
    await assert.rejects(controlPlanesFirst("two", worker, ask, seconds(1)), /worker-01\.osl\.node: step roll failed: the control planes have another version still, and none is being changed\n  what to do: /);
});

test("a worker gives up when a control plane's roll has failed", async () => {
    const { ask } = cluster();
    const rolling = alone("three", "cp-01.osl.node", async () => {
        await controlPlaneWorks(500);
        throw new Error("kubeadm upgrade: no");
    });
    await Promise.all([
        assert.rejects(rolling, /kubeadm upgrade: no/),
        assert.rejects(controlPlanesFirst("three", worker, ask, seconds(60)), /a step whose turn was before this one failed/),
    ]);
});

const controlPlaneWorks = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
