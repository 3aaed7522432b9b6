/** A partition of a disk. */
export interface Partition {
    readonly name: string;
    /** GPT type. */
    readonly type: string;
    readonly startMiB: number;
    readonly sizeMiB: number;
}

/** A disk that boots under UEFI. */
export interface Disk {
    readonly sizeMiB: number;
    /** The boot loader with its kernel. */
    readonly esp: Partition;
    /** The last one, so that growpart can make it larger. */
    readonly root: Partition;
}

/** Label of the root file system: how the kernel finds it. */
export const rootLabel = "lab-root";

/** MiB before the first partition and after the last one: for both copies of the table. */
const tableMiB = 1;

/**
 * Plans a disk of a size. What the boot loader and the kernel do not need is the root file system's. Pure.
 *
 * @throws if nothing would be left for the root file system
 */
export function planDisk(sizeMiB: number, espMiB: number): Disk {
    const rootMiB = sizeMiB - espMiB - 2 * tableMiB;
    if (rootMiB <= 0) {
        throw new Error(`a disk of ${sizeMiB} MiB has no place for a root file system beside ${espMiB} MiB for booting`);
    }
    const esp = {
        name: "esp",
        type: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
        startMiB: tableMiB,
        sizeMiB: espMiB,
    };
    const root = {
        name: "root",
        type: "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
        startMiB: tableMiB + espMiB,
        sizeMiB: rootMiB,
    };
    return { sizeMiB, esp, root };
}

/** Input of sfdisk. Pure. */
export function sfdiskScript({ esp, root }: Disk): string {
    const lines = [esp, root].map(
        ({ name, type, startMiB, sizeMiB }) => `start=${startMiB}MiB, size=${sizeMiB}MiB, type=${type}, name="${name}"`,
    );
    return `label: gpt\n${lines.join("\n")}\n`;
}

/**
 * The kernel's command line. The serial console is what libvirt keeps as a log. The root file system is writable from
 * the start and replayed from its journal, so that nothing has to wait for a check and a second mount. The rest is for
 * emulated CPUs: a clock that is read without leaving the guest (they share one), page tables of four levels, and no
 * guards against other tenants, which a lab has none of.
 */
export const kernelArguments: readonly string[] = [
    `root=LABEL=${rootLabel}`,
    "rw",
    "console=ttyS0",
    "loglevel=4",
    "tsc=reliable",
    "no5lvl",
    "mitigations=off",
    "fsck.mode=skip",
    "systemd.gpt_auto=no",
    "systemd.ssh_auto=no",
];

/** Files of the boot loader below the ESP, beside the loader itself, the kernel and its initrd: path to text. Pure. */
export const loaderFiles: Readonly<Record<string, string>> = {
    "loader/loader.conf": "default lab.conf\ntimeout 0\neditor no\n",
    "loader/entries/lab.conf": `title Debian\nlinux /vmlinuz\ninitrd /initrd.img\noptions ${kernelArguments.join(" ")}\n`,
};
