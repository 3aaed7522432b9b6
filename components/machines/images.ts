/** The vendor's list of checksums that a disk image is compared with when it is locked. */
export interface VendorSums {
    readonly url: string;
    readonly algorithm: "sha256" | "sha512";
}

/** A disk image of the catalogue: an amd64 cloud image in qcow2 format, with cloud-init in it. */
export interface CatalogueImage {
    /** `debian-12` */
    readonly name: string;
    /** One build of the vendor's, never a URL that moves (`latest`): a region can be made again from the same bytes. */
    readonly url: string;
    readonly sums: VendorSums;
    readonly os: "debian" | "ubuntu";
    /** Codename, as apt calls its suites: `bookworm`. */
    readonly release: string;
}

/**
 * The variant with Debian's whole kernel. That of `genericcloud` cannot read the CD-ROM that the seed is on: in Debian 12
 * it is built without CONFIG_SATA_AHCI (/boot/config-6.1.0-53-cloud-amd64; the same is told in virt-manager issue 445 and
 * OpenNebula/one-apps pull request 309), so such a guest would boot and let nobody in.
 */
const debianVariant = "generic";

const debian = (release: string, version: number, build: string): CatalogueImage => {
    const folder = `https://cloud.debian.org/images/cloud/${release}/${build}`;
    return {
        name: `debian-${version}`,
        url: `${folder}/debian-${version}-${debianVariant}-amd64-${build}.qcow2`,
        // Debian publishes no other kind of checksum for these images.
        sums: { url: `${folder}/SHA512SUMS`, algorithm: "sha512" },
        os: "debian",
        release,
    };
};

const ubuntu = (release: string, version: string, build: string): CatalogueImage => {
    const folder = `https://cloud-images.ubuntu.com/releases/${release}/release-${build}`;
    return {
        name: `ubuntu-${version}`,
        url: `${folder}/ubuntu-${version}-server-cloudimg-amd64.img`,
        sums: { url: `${folder}/SHA256SUMS`, algorithm: "sha256" },
        os: "ubuntu",
        release,
    };
};

const catalogue: readonly CatalogueImage[] = [
    debian("bookworm", 12, "20260413-2447"),
    debian("trixie", 13, "20260914-2601"),
    ubuntu("jammy", "22.04", "20260826"),
    ubuntu("noble", "24.04", "20260911"),
];

/** Names of the catalogue. */
export const imageNames: readonly string[] = catalogue.map((image) => image.name);

/** The image of that name; undefined where the catalogue has none: a region may have its own. */
export function imageNamed(name: string): CatalogueImage | undefined {
    return catalogue.find((image) => image.name === name);
}

/** An image that people ask for and do not get. */
export interface RefusedImage {
    readonly reason: string;
    /** Names of the catalogue that take its place. */
    readonly instead: readonly string[];
}

const refused: Readonly<Record<string, RefusedImage>> = {
    "ubuntu-20.04": {
        reason:
            "its standard support ended in May 2025, and its kernel 5.4 starts with cgroup v1, which the kubelet " +
            "refuses (failCgroupV1)",
        instead: ["ubuntu-22.04", "ubuntu-24.04", "debian-12"],
    },
};

/** Why an image is refused; undefined where it is not. */
export function refusedImage(name: string): RefusedImage | undefined {
    return Object.hasOwn(refused, name) ? refused[name] : undefined;
}
