import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { componentPorts, portList, portsOn, reservedPorts, serviceNodePorts } from "../../../components/nodes/ports";

const port = fc.integer({ min: 1, max: 65535 });
const settings = fc.record({ loadBalancerPort: port, httpPort: port, httpsPort: port });

/** The ports that a list such as `2379-2381,6443` names. */
function parse(list: string): Set<number> {
    const ports = new Set<number>();
    for (const part of list.split(",").filter(Boolean)) {
        const [first, last] = part.split("-").map(Number);
        for (let value = first!; value <= (last ?? first!); value++) {
            ports.add(value);
        }
    }
    return ports;
}

test("reserved ports cover every component's port from 1024 on, and all NodePorts", () => {
    fc.assert(
        fc.property(settings, (given) => {
            const reserved = parse(reservedPorts(given));
            for (const { first, last } of [...componentPorts(given), serviceNodePorts]) {
                for (let value = Math.max(first, 1024); value <= last; value++) {
                    assert.ok(reserved.has(value), `${value} is not reserved`);
                }
            }
            assert.ok([...reserved].every((value) => value >= 1024));
        }),
    );
});

test("a port list names exactly the given ports, in rising order, as few parts as possible", () => {
    const range = fc
        .tuple(port, fc.integer({ min: 0, max: 40 }))
        .map(([first, more]) => ({ first, last: Math.min(first + more, 65535) }));
    fc.assert(
        fc.property(fc.array(range, { maxLength: 8 }), (ranges) => {
            const expected = new Set(
                ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i)),
            );
            const list = portList(ranges);
            assert.deepEqual(parse(list), expected);
            const ends = list
                .split(",")
                .filter(Boolean)
                .map((part) => part.split("-").map(Number));
            for (const [index, next] of ends.slice(1).entries()) {
                assert.ok(next[0]! > ends[index]!.at(-1)! + 1, `${list} could be shorter`);
            }
        }),
    );
});

test("a worker with ingress has no control plane's port, and a control plane without it no ingress port", () => {
    const given = { loadBalancerPort: 7443, httpPort: 80, httpsPort: 443 };
    const worker = portsOn({ role: "worker", ingress: true }, given).map((entry) => entry.first);
    assert.ok(worker.includes(80) && !worker.includes(6443) && !worker.includes(2379));
    const controlPlane = portsOn({ role: "control-plane", ingress: false }, given).map((entry) => entry.first);
    assert.ok(controlPlane.includes(6443) && controlPlane.includes(2379) && !controlPlane.includes(80));
});

test("whatever NGINX listens on is known, and its status page is for the machine alone", () => {
    const given = { loadBalancerPort: 7443, httpPort: 80, httpsPort: 443 };
    const worker = portsOn({ role: "worker", ingress: true }, given);
    const from = (listener: string) => worker.filter((entry) => entry.listener === listener).map((entry) => [entry.first, entry.from]);
    assert.deepEqual(from("ingress status"), [[8080, "this-machine"]]);
    assert.deepEqual(from("ingress readiness"), [[8081, "nodes"]]);
    const numbers = componentPorts(given).map((entry) => `${entry.protocol} ${entry.first}`);
    assert.equal(new Set(numbers).size, numbers.length, "each port once");
});
