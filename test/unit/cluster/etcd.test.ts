import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { membersOf, parseMembers, quorum, removalProblem, withHealth } from "../../../components/cluster/etcd";
import { etcdMember } from "./fixtures";

test("quorum of 1 to 5 members", () => {
    assert.deepEqual([1, 2, 3, 4, 5].map(quorum), [1, 2, 2, 3, 3]);
});

const list = `8e9e05c52164694d, started, cp-01.osl.node, https://10.0.0.11:2380, https://10.0.0.11:2379, false
91bc3c398fb3c146, unstarted, , https://10.0.0.12:2380, , true
`;

test("the member list of etcdctl is read, with members that never started", () => {
    const members = parseMembers(list);
    assert.deepEqual(members[0], {
        id: "8e9e05c52164694d",
        name: "cp-01.osl.node",
        peerUrl: "https://10.0.0.11:2380",
        clientUrl: "https://10.0.0.11:2379",
        learner: false,
    });
    assert.deepEqual(members[1], {
        id: "91bc3c398fb3c146",
        name: "",
        peerUrl: "https://10.0.0.12:2380",
        clientUrl: "",
        learner: true,
    });
    assert.deepEqual(
        membersOf(members, "cp-02.osl.node", "10.0.0.12").map(({ id }) => id),
        ["91bc3c398fb3c146"],
    );
    assert.throws(() => parseMembers("Error: context deadline exceeded"), /not understood/);
});

test("health is matched by client URL; no answer is not healthy", () => {
    const health = `[{"endpoint":"https://10.0.0.11:2379","health":true,"took":"5ms"}]`;
    assert.deepEqual(
        withHealth(parseMembers(list), health).map(({ healthy }) => healthy),
        [true, false],
    );
    assert.deepEqual(
        withHealth(parseMembers(list), "").map(({ healthy }) => healthy),
        [false, false],
    );
});

test("who may be taken out of three", () => {
    const [a, b, c] = [etcdMember("a", 1), etcdMember("b", 2), etcdMember("c", 3)];
    assert.equal(removalProblem([a, b, c], c.id), undefined);
    const dead = { ...c, healthy: false };
    assert.equal(removalProblem([a, b, dead], dead.id), undefined);
    assert.match(removalProblem([a, b, dead], b.id) ?? "", /left with 2 members of which 1 answer/);
    assert.match(removalProblem([a, { ...b, healthy: false }, dead], dead.id) ?? "", /only 1 of 3/);
    assert.equal(removalProblem([a, { ...b, learner: true, healthy: false }], b.id), undefined);
});

test("property: what is left after an allowed removal has a quorum", () => {
    fc.assert(
        fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }), fc.nat(), (healthy, pick) => {
            const members = healthy.map((answer, index) => etcdMember(`m${index}`, index, { healthy: answer }));
            const index = pick % members.length;
            if (removalProblem(members, `a${index}`) === undefined) {
                const left = members.filter((_, position) => position !== index);
                assert.ok(left.length === 0 || left.filter((member) => member.healthy).length >= quorum(left.length));
            }
        }),
    );
});
