import { specHash, systemHash, SystemSpec } from "./change";
import { Acceleration, DiskBounds, GuestSpec } from "./guest";
import { consolePath, diskPath, domainName, guestMac, guestUuid, seedPath } from "./identity";
import { element, renderXml, textElement, XmlElement } from "./xml";

/** Namespace of fjord's metadata in a domain: what has none of it is not fjord's. */
export const metadataNamespace = "https://fjord.dev/libvirt/1";

/** What a domain's definition depends on. */
export interface DomainSpec
    extends SystemSpec, Pick<GuestSpec, "bridge" | "acceleration" | "vcpus" | "memory" | "diskGiB" | "io"> {
    /** The seed is attached: for the first boot, and for no other, as it holds the host key. */
    readonly seed: boolean;
}

/** Queues of a network interface: one a vcpu, and no more than eight, as each is a kernel thread on the host. */
const mostQueues = 8;

function metadata(spec: DomainSpec): XmlElement {
    return element("metadata", {}, [
        element("fjord:guest", { "xmlns:fjord": metadataNamespace }, [
            textElement("fjord:region", spec.region),
            textElement("fjord:name", spec.name),
            textElement("fjord:spec", specHash(spec)),
            textElement("fjord:system", systemHash(spec)),
        ]),
    ]);
}

/** UEFI without Secure Boot, whose keys would tie the guest's kernel to a vendor. The disk has the boot order. */
function firmware(): XmlElement {
    return element("os", { firmware: "efi" }, [
        textElement("type", "hvm", { arch: "x86_64", machine: "q35" }),
        element("firmware", {}, [element("feature", { enabled: "no", name: "secure-boot" })]),
    ]);
}

function cpu(acceleration: Acceleration, vcpus: number): XmlElement {
    const topology = element("topology", { sockets: 1, dies: 1, cores: vcpus, threads: 1 });
    switch (acceleration) {
        case "kvm":
            // Guests are never migrated, so they may use all that the host's CPU has.
            return element("cpu", { mode: "host-passthrough", check: "none", migratable: "off" }, [topology]);
        case "emulation":
            return element("cpu", { mode: "maximum", check: "none" }, [topology]);
    }
}

function clock(acceleration: Acceleration): XmlElement {
    return element("clock", { offset: "utc" }, [
        element("timer", { name: "rtc", tickpolicy: "catchup" }),
        element("timer", { name: "pit", tickpolicy: "delay" }),
        element("timer", { name: "hpet", present: "no" }),
        acceleration === "kvm" ? element("timer", { name: "kvmclock", present: "yes" }) : undefined,
    ]);
}

function bounds({ iopsSec, bytesSec }: DiskBounds): XmlElement | undefined {
    if (iopsSec === undefined && bytesSec === undefined) {
        return undefined;
    }
    return element("iotune", {}, [
        bytesSec === undefined ? undefined : textElement("total_bytes_sec", bytesSec),
        iopsSec === undefined ? undefined : textElement("total_iops_sec", iopsSec),
    ]);
}

/**
 * The root disk. O_DIRECT with the guest's flushes kept, which etcd needs; blocks that the guest discards are given back
 * to the pool. It has no `backingStore`: the overlay names its base and the base's format, and libvirt finds both there
 * (libvirt.org/kbase/backing_chains.html), also for what AppArmor lets the guest read.
 */
function disk(spec: DomainSpec): XmlElement {
    return element("disk", { type: "file", device: "disk" }, [
        element("driver", {
            name: "qemu",
            type: "qcow2",
            cache: "none",
            io: "native",
            discard: "unmap",
            detect_zeroes: "unmap",
            iothread: 1,
        }),
        element("source", { file: diskPath(spec.pool, domainName(spec.region, spec.name)) }),
        element("target", { dev: "vda", bus: "virtio" }),
        bounds(spec.io),
        // /dev/disk/by-id/virtio-root
        textElement("serial", "root"),
        element("boot", { order: 1 }),
    ]);
}

function seed(spec: DomainSpec): XmlElement {
    return element("disk", { type: "file", device: "cdrom" }, [
        element("driver", { name: "qemu", type: "raw" }),
        element("source", { file: seedPath(spec.pool, domainName(spec.region, spec.name)) }),
        element("target", { dev: "sda", bus: "sata" }),
        element("readonly"),
    ]);
}

function network(spec: DomainSpec): XmlElement {
    const { acceleration, vcpus } = spec;
    const queues: XmlElement["attributes"] = vcpus > 1 ? { queues: Math.min(vcpus, mostQueues) } : {};
    return element("interface", { type: "bridge" }, [
        element("mac", { address: guestMac(spec.region, spec.name) }),
        element("source", { bridge: spec.bridge }),
        element("model", { type: "virtio" }),
        // vhost by name: a host without it is an error, and not a guest that is slow for no visible reason.
        acceleration === "kvm" ? element("driver", { name: "vhost", ...queues }) : undefined,
    ]);
}

function devices(spec: DomainSpec): XmlElement {
    const log = consolePath(domainName(spec.region, spec.name));
    return element("devices", {}, [
        disk(spec),
        spec.seed ? seed(spec) : undefined,
        network(spec),
        element("serial", { type: "pty" }, [
            element("log", { file: log, append: "on" }),
            element("target", { type: "isa-serial", port: 0 }),
        ]),
        element("console", { type: "pty" }, [element("target", { type: "serial", port: 0 })]),
        element("channel", { type: "unix" }, [element("target", { type: "virtio", name: "org.qemu.guest_agent.0" })]),
        element("rng", { model: "virtio" }, [
            element("rate", { bytes: 1024, period: 1000 }),
            textElement("backend", "/dev/urandom", { model: "random" }),
        ]),
        // itco and pvpanic came with libvirt 9.1; these are known to 9.0.
        element("watchdog", { model: "i6300esb", action: "reset" }),
        element("panic", { model: "isa" }),
        // What the kubelet has counted must not shrink.
        element("memballoon", { model: "none" }),
    ]);
}

/**
 * The definition of a guest's domain, for libvirt 9.0 and QEMU 7.2 or newer. Autostart is no part of it: libvirt keeps
 * that beside the definition.
 */
export function domainXml(spec: DomainSpec): string {
    return renderXml(
        element("domain", { type: spec.acceleration === "kvm" ? "kvm" : "qemu" }, [
            textElement("name", domainName(spec.region, spec.name)),
            textElement("uuid", guestUuid(spec.region, spec.name)),
            metadata(spec),
            textElement("memory", spec.memory, { unit: "MiB" }),
            // Nodes of one cluster have little in common in memory, and what they have is not searched for.
            element("memoryBacking", {}, [element("nosharepages"), element("source", { type: "memfd" })]),
            textElement("vcpu", spec.vcpus, { placement: "static" }),
            textElement("iothreads", 1),
            firmware(),
            element("features", {}, [element("acpi"), element("apic"), element("vmport", { state: "off" })]),
            cpu(spec.acceleration, spec.vcpus),
            clock(spec.acceleration),
            textElement("on_poweroff", "destroy"),
            textElement("on_reboot", "restart"),
            textElement("on_crash", "restart"),
            element("pm", {}, [
                element("suspend-to-mem", { enabled: "no" }),
                element("suspend-to-disk", { enabled: "no" }),
            ]),
            devices(spec),
        ]),
    );
}
