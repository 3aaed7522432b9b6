import assert from "node:assert/strict";
import { test } from "node:test";
import { takenIn } from "../../../components/cluster/member";
import { machine } from "./fixtures";

const member = machine("cp-02", "control-plane", 12);
const never = new Promise<void>(() => undefined);

/** An etcd that counts the machine as a voter from a question on; before that it does not, or does not answer. */
function etcd(from: number) {
    let asked = 0;
    return {
        asked: () => asked,
        votes: async () => {
            asked += 1;
            if (asked === 1 && from > 1) {
                throw new Error("no leader");
            }
            return asked >= from;
        },
    };
}

test("the next machine's turn comes when etcd has taken this one in, not when its joining ends", async () => {
    const live = etcd(2);
    await takenIn(live, member, { end: never });
    assert.equal(live.asked(), 2);
});

test("the turn ends with a joining that etcd never shows", async () => {
    const live = etcd(Infinity);
    await takenIn(live, member, { end: Promise.resolve() });
    const asked = live.asked();
    await new Promise((resolve) => setTimeout(resolve, 1200));
    assert.equal(live.asked(), asked, "nobody is asked afterwards");
});

test("a joining that fails fails the turn", async () => {
    await assert.rejects(takenIn(etcd(Infinity), member, { end: Promise.reject(new Error("kubeadm join: no")) }), /kubeadm join: no/);
});
