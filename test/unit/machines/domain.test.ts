import assert from "node:assert/strict";
import { test } from "node:test";
import { specHash, systemHash } from "../../../components/machines/libvirt/change";
import { domainXml, DomainSpec } from "../../../components/machines/libvirt/domain";
import { element, renderXml, textElement } from "../../../components/machines/libvirt/xml";
import { mib } from "../../../infra/config/types";
import { exampleGuest } from "./guests";

const xml = (change: Partial<DomainSpec> = {}): string => domainXml({ ...exampleGuest, seed: false, ...change });

test("a domain has the identity, the files and the metadata of its guest", () => {
    const text = xml();
    assert.match(text, /<name>no-oslo-1-worker-01<\/name>/);
    assert.match(text, /<uuid>c7b46d80-bc49-536d-aaaf-b9a4f8ca9b84<\/uuid>/);
    assert.match(text, /<mac address='52:54:00:16:fc:c8'\/>/);
    assert.match(text, /<source file='\/var\/lib\/libvirt\/images\/fjord\/no-oslo-1-worker-01\.qcow2'\/>/);
    assert.match(text, /<log file='\/var\/log\/libvirt\/qemu\/no-oslo-1-worker-01-console\.log' append='on'\/>/);
    assert.match(text, /<fjord:guest xmlns:fjord='https:\/\/fjord\.dev\/libvirt\/1'>/);
    assert.match(text, /<fjord:region>no-oslo-1<\/fjord:region>\s*<fjord:name>worker-01<\/fjord:name>/);
    assert.ok(text.includes(`<fjord:spec>${specHash(exampleGuest)}</fjord:spec>`));
    assert.ok(text.includes(`<fjord:system>${systemHash(exampleGuest)}</fjord:system>`));
});

test("the disk keeps the guest's flushes and gives discarded blocks back; libvirt finds the base by itself", () => {
    assert.match(
        xml(),
        /<driver name='qemu' type='qcow2' cache='none' io='native' discard='unmap' detect_zeroes='unmap' iothread='1'\/>/,
    );
    assert.doesNotMatch(xml(), /backingStore/);
    assert.match(xml(), /<iothreads>1<\/iothreads>/);
});

test("a guest has the memory and the vcpus of its plan, and keeps them", () => {
    const text = xml({ vcpus: 6, memory: mib(16384) });
    assert.match(text, /<memory unit='MiB'>16384<\/memory>/);
    assert.match(text, /<vcpu placement='static'>6<\/vcpu>/);
    assert.match(text, /<topology sockets='1' dies='1' cores='6' threads='1'\/>/);
    assert.match(text, /<memballoon model='none'\/>/);
});

test("KVM takes the host's CPU and vhost; emulation neither", () => {
    assert.match(xml(), /^<domain type='kvm'>/);
    assert.match(xml(), /<cpu mode='host-passthrough' check='none' migratable='off'>/);
    assert.match(xml(), /<timer name='kvmclock' present='yes'\/>/);
    const emulated = xml({ acceleration: "emulation" });
    assert.match(emulated, /^<domain type='qemu'>/);
    assert.match(emulated, /<cpu mode='maximum' check='none'>/);
    assert.doesNotMatch(emulated, /vhost|kvmclock|host-passthrough/);
});

test("the network has a queue a vcpu, eight at most, and none to choose where there is one vcpu", () => {
    assert.match(xml({ vcpus: 4 }), /<driver name='vhost' queues='4'\/>/);
    assert.match(xml({ vcpus: 16 }), /<driver name='vhost' queues='8'\/>/);
    assert.match(xml({ vcpus: 1 }), /<driver name='vhost'\/>/);
});

test("the seed is there for the first boot only, and nothing else differs then", () => {
    const first = xml({ seed: true });
    const cdrom = /\n    <disk type='file' device='cdrom'>.*?<\/disk>/s;
    assert.match(
        cdrom.exec(first)?.[0] ?? "",
        /no-oslo-1-worker-01-seed\.iso'\/>\s*<target dev='sda' bus='sata'\/>\s*<readonly\/>/,
    );
    assert.equal(first.replace(cdrom, ""), xml());
});

test("the disk is bounded where the plan says so, by what the plan says", () => {
    assert.doesNotMatch(xml(), /iotune/);
    const iops = xml({ io: { iopsSec: 5000 } });
    assert.match(iops, /<iotune>\s*<total_iops_sec>5000<\/total_iops_sec>\s*<\/iotune>/);
    const both = xml({ io: { iopsSec: 5000, bytesSec: 104857600 } });
    assert.match(both, /<total_bytes_sec>104857600<\/total_bytes_sec>\s*<total_iops_sec>5000<\/total_iops_sec>/);
});

test("a name that is markup stays a name", () => {
    const text = xml({ region: "a", name: `b</name><name>'&"` });
    assert.match(text, /<name>a-b&lt;\/name&gt;&lt;name&gt;&apos;&amp;&quot;<\/name>/);
});

test("XML: white space survives a parser, what no XML can hold is refused", () => {
    assert.equal(renderXml(element("a", { b: "1\n2\t'" })), "<a b='1&#10;2&#9;&apos;'/>\n");
    assert.equal(renderXml(element("a", {}, [undefined, textElement("b", 1)])), "<a>\n  <b>1</b>\n</a>\n");
    for (const bad of ["\u0000", "\u001b", "\uffff", "\ud800"]) {
        assert.throws(() => renderXml(textElement("a", `x${bad}`)), /has a character that XML cannot hold/);
    }
    assert.doesNotThrow(() => renderXml(textElement("a", "😀")));
});
