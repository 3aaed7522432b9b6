import type { Lab, LabNode } from "./plan";
import { bareServer, labDebian, type RootfsRecipe } from "./rootfs";

/** The bridge on a hypervisor that holds its address, and that its guests are put on. */
export const guestBridge = "br0";

/** A hypervisor as a provider's image would have it, beside what every server has. */
const hypervisorPackages: readonly string[] = [
    "libvirt-daemon-system",
    "libvirt-clients",
    "qemu-system-x86",
    "qemu-utils",
    "ovmf",
    "genisoimage",
];

/**
 * libvirt's settings for QEMU in a container: nothing of control groups, mount namespaces or a security module, and
 * root as the user, because the container is the border already.
 */
const qemuConf = `user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
`;

const bridgeFile = "/etc/lab-bridge";

/** Moves the address from the cable to the bridge, before anything listens on it. */
const bridgeUnit = `[Unit]
Description=Bridge for the guests, with this server's address
DefaultDependencies=no
After=systemd-remount-fs.service
Before=network-pre.target network.target
Wants=network-pre.target
ConditionPathExists=!/sys/class/net/${guestBridge}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/sbin/ip -batch ${bridgeFile}

[Install]
WantedBy=multi-user.target
`;

/**
 * The root file system of a hypervisor. Its guests are emulated: it has /dev/net/tun from systemd-nspawn, and not the
 * machine's /dev/kvm, which is often there and does not work; libvirt then takes 20 s for each definition of a domain.
 *
 * @param suite codename of its Debian release
 */
export function hypervisorServer(suite: string = labDebian): RootfsRecipe {
    const bare = bareServer(suite);
    return {
        title: "a hypervisor",
        suite,
        packages: [...bare.packages, ...hypervisorPackages],
        mirrored: [],
        // It would hold up the end of a hypervisor to save its guests, which a lab throws away or boots again.
        masked: [...bare.masked, "libvirt-guests.service"],
        files: { "/etc/libvirt/qemu.conf": qemuConf, "/etc/systemd/system/lab-bridge.service": bridgeUnit },
        enabled: ["lab-bridge.service"],
    };
}

/** What the hypervisor's own disk has beside what every server's has: path to text. Pure. */
export function hypervisorFiles(
    lab: Pick<Lab, "gateway">,
    node: Pick<LabNode, "mac" | "address">,
): Readonly<Record<string, string>> {
    // With a fixed address of its own the bridge does not take over that of a guest's cable.
    const steps = [
        `link add ${guestBridge} address ${node.mac} type bridge forward_delay 0`,
        `link set eth0 master ${guestBridge}`,
        "address flush dev eth0",
        `address add ${node.address}/24 dev ${guestBridge}`,
        `link set ${guestBridge} up`,
        `route replace default via ${lab.gateway}`,
    ];
    return { [bridgeFile]: `${steps.join("\n")}\n` };
}
