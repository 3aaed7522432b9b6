import { distributionPackages } from "../../components/nodes/apt";
import { maskedUnits, serverPackages } from "../rootfs";
import { rootLabel } from "./disk";

/** Release of the guests, which have a kernel of their own: its systemd need not start on the machine's control groups. */
export const guestDebian = { version: 13, codename: "trixie" } as const;

/**
 * What a cloud image has beside what every server of the lab has. Nodes' packages from Debian are there already, because
 * the lab's Debian mirror is one of the other servers' release.
 */
const guestPackages: readonly string[] = [
    "linux-image-cloud-amd64",
    "busybox-static",
    "kmod",
    "systemd-boot-efi",
    "systemd-resolved",
    "udev",
    "e2fsprogs",
    "fdisk",
    "cloud-init",
    "cloud-guest-utils",
    "qemu-guest-agent",
];

export const packages: readonly string[] = [
    ...new Set([...serverPackages.filter((name) => name !== "gpgv"), ...guestPackages, ...distributionPackages]),
];

/** Units that are there, and are switched on by who needs them. */
export const disabled: readonly string[] = ["haproxy.service"];

export const enabled: readonly string[] = ["systemd-networkd.service", "systemd-resolved.service"];

/** Beside what no server of the lab needs: a screen, programs of other processors, and housekeeping at boot. */
export const masked: readonly string[] = [
    ...maskedUnits.filter((unit) => unit !== "console-getty.service"),
    "e2scrub_reap.service",
    "getty@tty1.service",
    "ldconfig.service",
    "systemd-binfmt.service",
    "systemd-pstore.service",
];

/** Kernel modules without which there is no root file system; some kernels have them built in. */
export const initrdModules: readonly string[] = ["virtio_pci", "virtio_blk", "ext4"];

/**
 * The data source is the seed that a guest's maker attaches; the mirror of Debian is the region's business. A locale is
 * not made (an emulated CPU takes half a minute for it), and keys are not printed on the console.
 */
const cloudInit = `datasource_list: [NoCloud]
system_info:
  network:
    renderers: [networkd]
apt:
  preserve_sources_list: true
locale: false
no_ssh_fingerprints: true
ssh:
  emit_keys_to_console: false
`;

/** Files of the finished image: path to text. */
export const imageFiles: Readonly<Record<string, string>> = {
    "/etc/cloud/cloud.cfg.d/99-lab.cfg": cloudInit,
    // A file system that is replayed from its journal when it is mounted needs no check at each boot.
    "/etc/fstab": `LABEL=${rootLabel} / ext4 errors=remount-ro 0 0\n`,
    // A guest boots from another partition: an initrd that Debian makes again in it is of no use to anybody.
    "/etc/initramfs-tools/update-initramfs.conf": "update_initramfs=no\nbackup_initramfs=no\n",
    // Empty, not absent: the machine takes its identity from its firmware, and its units stay as they are set.
    "/etc/machine-id": "",
};

/** What each guest makes for itself, or is given by its seed. */
export const removed: readonly string[] = [
    "/etc/hostname",
    "/etc/apt/sources.list",
    "/etc/resolv.conf",
    "/var/lib/dbus/machine-id",
];
