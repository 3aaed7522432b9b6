import { dump } from "js-yaml";
import { classes } from "./change";
import { GuestSpec } from "./guest";
import { stableHash } from "./hash";
import { domainName, guestMac } from "./identity";

/** What a guest is told at its first boot. */
export interface SeedSpec {
    readonly guest: GuestSpec;
    /** `worker-01.osl.node`: its host name. */
    readonly fqdn: string;
    /** IPv4 addresses of the name servers, the first one asked first. */
    readonly nameservers: readonly string[];
    /** Public keys that may log in as the guest's user, in authorized_keys form. */
    readonly authorizedKeys: readonly string[];
    /** The host key, made before the guest, so that its first contact is verified like any other. */
    readonly hostKey: {
        /** OpenSSH's PEM. A secret. */
        readonly privateKey: string;
        /** `ssh-ed25519 AAAA...` */
        readonly publicKey: string;
    };
}

/** The files of a NoCloud seed. */
export interface Seed {
    /** A secret: it holds the private host key. */
    readonly userData: string;
    readonly metaData: string;
    readonly networkConfig: string;
}

/** Name of the only network interface. */
const interfaceName = "eth0";

/** js-yaml quotes what YAML 1.1, which cloud-init reads, would take for a number: a MAC address of digits is one. */
function yaml(value: object): string {
    return dump(value, { noRefs: true, lineWidth: -1 });
}

const ended = (text: string): string => (text.endsWith("\n") ? text : `${text}\n`);

function user({ guest, authorizedKeys }: SeedSpec): object {
    const common = { lock_passwd: true, ssh_authorized_keys: [...authorizedKeys] };
    return guest.user === "root"
        ? { name: "root", ...common }
        : { name: guest.user, sudo: "ALL=(ALL) NOPASSWD:ALL", shell: "/bin/bash", ...common };
}

/**
 * Files that the guest needs from its second boot on, when the seed is gone.
 *
 * cloud-init would take a machine whose seed has gone for another one, and give it a new host key, where an image names
 * NoCloud as its only source of data; with a manual cache it trusts what the first boot left.
 *
 * cloud-init itself gives the interface its name, and only where it runs; udev does it at every boot.
 */
function files(mac: string): object[] {
    return [
        { path: "/etc/cloud/cloud.cfg.d/98-fjord-guest.cfg", content: "manual_cache_clean: true\n" },
        {
            path: `/etc/systemd/network/10-fjord-${interfaceName}.link`,
            content: `[Match]\nPermanentMACAddress=${mac}\n\n[Link]\nName=${interfaceName}\n`,
        },
    ].map((file) => ({ ...file, owner: "root:root", permissions: "0644" }));
}

/** Starts the guest agent where the image has one, from now on at every boot. */
const guestAgent =
    "if systemctl cat qemu-guest-agent.service >/dev/null 2>&1; then systemctl enable --now qemu-guest-agent.service; fi";

function userData(spec: SeedSpec): string {
    const { guest, fqdn, hostKey } = spec;
    const config = {
        hostname: guest.name,
        fqdn,
        prefer_fqdn_over_hostname: true,
        // Debian's images say true, and would write /etc/hosts anew at every boot.
        manage_etc_hosts: false,
        users: [user(spec)],
        disable_root: guest.user !== "root",
        ssh_pwauth: false,
        ssh_deletekeys: true,
        ssh_keys: { ed25519_private: ended(hostKey.privateKey), ed25519_public: ended(hostKey.publicKey) },
        growpart: { mode: "auto", devices: ["/"], ignore_growroot_disabled: false },
        resize_rootfs: true,
        package_update: false,
        package_upgrade: false,
        swap: { filename: "", size: 0 },
        write_files: files(guestMac(guest.region, guest.name)),
        runcmd: [["sh", "-c", guestAgent]],
    };
    return `#cloud-config\n${yaml(config)}`;
}

/**
 * Identity of this installation for cloud-init: another one makes it set the machine up from the start. It follows the
 * facts for which the guest is made anew, so a seed that says something else about a living guest changes nothing on it.
 */
export function instanceId(guest: GuestSpec): string {
    return `${domainName(guest.region, guest.name)}-${stableHash(classes(guest).replaces).slice(0, 12)}`;
}

function networkConfig({ guest, nameservers }: SeedSpec): string {
    return yaml({
        version: 2,
        ethernets: {
            [interfaceName]: {
                match: { macaddress: guestMac(guest.region, guest.name) },
                "set-name": interfaceName,
                dhcp4: false,
                addresses: [`${guest.address}/${guest.prefixLength}`],
                // cloud-init knows `default` in place of 0.0.0.0/0 only since 25.3.
                routes: [{ to: "0.0.0.0/0", via: guest.gateway }],
                nameservers: { addresses: [...nameservers] },
            },
        },
    });
}

/** The texts of a guest's seed. */
export function seed(spec: SeedSpec): Seed {
    const { guest } = spec;
    return {
        userData: userData(spec),
        metaData: yaml({ "instance-id": instanceId(guest), "local-hostname": spec.fqdn }),
        networkConfig: networkConfig(spec),
    };
}

/**
 * Hash of what goes into a seed, but the private key, which its public half stands for: no secret. The seed's image
 * itself has times in it and is never the same twice.
 */
export function seedHash({ guest, fqdn, nameservers, authorizedKeys, hostKey }: SeedSpec): string {
    return stableHash({
        replaces: classes(guest).replaces,
        fqdn,
        nameservers,
        authorizedKeys,
        hostKey: hostKey.publicKey,
    });
}
