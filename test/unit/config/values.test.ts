import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { leastMemory, planNamed } from "../../../components/machines/plans";
import { parseGitRepository } from "../../../infra/config/git-repository";
import { hostKeyFault } from "../../../infra/config/host-key";
import { contains, formatCidr, formatIpv4, overlaps, parseCidr, parseIpv4 } from "../../../infra/config/network";
import { parseStackFile } from "../../../infra/config/stack-file";
import { editDistance, suggest } from "../../../infra/config/suggestion";

const address = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const cidr = fc
    .record({ address, prefix: fc.integer({ min: 0, max: 32 }) })
    .map((parts) => `${formatIpv4(parts.address)}/${parts.prefix}`);

test("addresses and ranges survive being written and read", () => {
    fc.assert(fc.property(address, (number) => parseIpv4(formatIpv4(number)) === number));
    fc.assert(
        fc.property(cidr, (text) => {
            const range = parseCidr(text)!;
            assert.deepEqual(parseCidr(formatCidr(range)), range);
            assert.ok(contains(range, parseIpv4(text.split("/")[0]!)!));
            assert.equal(range.last - range.first + 1, 2 ** (32 - range.prefix));
        }),
    );
    for (const text of ["10.0.0.256", "10.0.0", "010.0.0.1", "1.2.3.4 ", "::1", ""]) {
        assert.equal(parseIpv4(text), undefined, text);
    }
    for (const text of ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/08", "/8", "10.0.0.0/8/8"]) {
        assert.equal(parseCidr(text), undefined, text);
    }
});

test("two ranges overlap exactly if one contains the other's first address", () => {
    fc.assert(
        fc.property(cidr, cidr, (a, b) => {
            const [left, right] = [parseCidr(a)!, parseCidr(b)!];
            assert.equal(overlaps(left, right), contains(left, right.first) || contains(right, left.first));
        }),
    );
});

test("edit distance is a metric, and suggestions are near", () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
        fc.property(word, word, word, (a, b, c) => {
            assert.equal(editDistance(a, b), editDistance(b, a));
            assert.equal(editDistance(a, b) === 0, a === b);
            assert.ok(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c));
        }),
    );
    assert.equal(editDistance("kitten", "sitting"), 3);
    assert.equal(suggest("pod_cidr", ["podCidr", "maxPods"]), "podCidr");
    assert.equal(suggest("whatever", ["podCidr", "maxPods"]), undefined);
});

test("a host key that is cut anywhere is refused", () => {
    const blob = "AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf";
    assert.equal(hostKeyFault(`ssh-ed25519 ${blob}`), undefined);
    assert.equal(hostKeyFault(`ssh-ed25519 ${blob} root@cp-01`), undefined);
    for (let length = 0; length < blob.length; length++) {
        assert.notEqual(hostKeyFault(`ssh-ed25519 ${blob.slice(0, length)}`), undefined, `${length} characters`);
    }
    assert.match(hostKeyFault(`ssh-rsa ${blob}`)!, /key of another kind/);
    assert.match(hostKeyFault(blob)!, /does not begin with a kind/);
    assert.match(hostKeyFault("-----BEGIN OPENSSH PRIVATE KEY-----")!, /is a private key/);
});

test("SSH URLs of repositories are taken apart, others are refused", () => {
    assert.deepEqual(parseGitRepository("git@gitlab.com:nordic-corp/infra-manifests.git"), {
        user: "git",
        host: "gitlab.com",
        port: 22,
        path: "nordic-corp/infra-manifests.git",
    });
    assert.deepEqual(parseGitRepository("ssh://git@git.lab:2222/infra.git"), {
        user: "git",
        host: "git.lab",
        port: 2222,
        path: "infra.git",
    });
    for (const url of [
        "https://gitlab.com/a.git",
        "gitlab.com:a.git",
        "git@gitlab.com",
        "ssh://gitlab.com/a.git",
        "git@host:/a b",
    ]) {
        assert.equal(parseGitRepository(url), undefined, url);
    }
});

test("a plan allows for the memory that the kernel keeps", () => {
    assert.equal(leastMemory(planNamed("nvme-16gb")), 15400);
    assert.throws(() => planNamed("nvme-17gb"), /choose one of nvme-4gb/);
});

test("a stack's file becomes Pulumi's map; what is encrypted is refused without being shown", () => {
    assert.deepEqual(parseStackFile("config:\n  fjord:name: a\n  fjord:hosts: {b: 1.2.3.4}\n", "x.yaml"), {
        "fjord:name": "a",
        "fjord:hosts": '{"b":"1.2.3.4"}',
    });
    assert.throws(
        () => parseStackFile("config:\n  fjord:keys: [{a: {secure: v1:abcdef}}]\n", "x.yaml"),
        (error: Error) => /x.yaml: fjord:keys is encrypted/.test(error.message) && !error.message.includes("abcdef"),
    );
    assert.throws(() => parseStackFile("a: 1\n", "x.yaml"), /no mapping `config:`/);
});
