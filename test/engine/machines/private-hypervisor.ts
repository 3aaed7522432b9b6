import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { renderScript, ScriptMode, ScriptValue } from "../../../components/remote/script";
import { openNamespaces, Outcome, PrivateRoot } from "./private-root";

/** The pool of the tests' hypervisor. */
export const pool = "/var/lib/libvirt/images/fjord";
export const bridge = "br0";

/** No control groups, no security module and no device namespaces: the machine of the tests need not have them. */
const qemuConfig = `security_driver = "none"
cgroup_controllers = []
namespaces = []
remember_owner = 0
`;

const libvirtdConfig = `unix_sock_group = "root"
auth_unix_rw = "none"
`;

/** Stands before a command that scripts call: where /run/kill-at names the call, it ends the whole script there. */
const wrapper = `#!/bin/bash
call="\${0##*/} $*"
echo "$call" >>/run/calls
if read -r when pattern 2>/dev/null </run/kill-at && [[ $call == *"$pattern"* ]]; then
    rm /run/kill-at
    if [[ $when == after ]]; then "/usr/bin/\${0##*/}" "$@"; fi
    pkill -9 -s "$(ps -o sid= -p $$ | tr -d ' ')"
fi
exec "/usr/bin/\${0##*/}" "$@"
`;

const setup = [
    "set -e",
    // Guests' disks lie on a file system of their own, as on a server.
    "mount -t tmpfs -o mode=0711 fjord /var/lib/libvirt/images",
    `mkdir -p /run/libvirt ${pool}`,
    "chmod 0755 /usr/local/sbin/*",
    `ip link add ${bridge} type bridge`,
    `ip link set ${bridge} up`,
    "virtlogd -d",
    "libvirtd -d",
    "for attempt in $(seq 100); do virsh -q -c qemu:///system list && exit; sleep 0.1; done",
    "echo 'libvirtd does not answer after 10 s' >&2; exit 1",
].join("\n");

/** A hypervisor of a test's own: libvirtd, its folders and a bridge in a private root. */
export class PrivateHypervisor extends PrivateRoot {
    static override async start(): Promise<PrivateHypervisor> {
        const hypervisor = new PrivateHypervisor(await openNamespaces());
        const files = {
            "/etc/libvirt/qemu.conf": qemuConfig,
            "/etc/libvirt/libvirtd.conf": libvirtdConfig,
            "/usr/local/sbin/virsh": wrapper,
            "/usr/local/sbin/qemu-img": wrapper,
            "/usr/local/sbin/genisoimage": wrapper,
        };
        try {
            for (const [name, text] of Object.entries(files)) {
                fs.writeFileSync(hypervisor.file(name), text);
            }
            hypervisor.run(setup);
        } catch (error) {
            await hypervisor.stop();
            throw error;
        }
        return hypervisor;
    }

    /** A script of the project, as it runs on a hypervisor. */
    script(
        file: string,
        params: Readonly<Record<string, ScriptValue>>,
        options: { readonly mode?: ScriptMode; readonly kill?: string } = {},
    ): Outcome {
        this.run(`rm -f /run/calls /run/kill-at${options.kill ? `; echo '${options.kill}' >/run/kill-at` : ""}`);
        const step = path.basename(file, ".sh");
        const text = renderScript({ file, node: "hv-01", step, mode: options.mode ?? "apply", params, lockWait: 5 as never });
        const outcome = this.enter(["setsid", "--wait", "bash", "-s"], text);
        if (options.kill) {
            assert.equal(this.exists("/run/kill-at"), false, `the script never came to: ${options.kill}`);
        }
        return outcome;
    }

    /** The calls that the last script made of virsh, qemu-img and genisoimage. */
    calls(): string[] {
        return this.exists("/run/calls") ? fs.readFileSync(this.file("/run/calls"), "utf8").trim().split("\n") : [];
    }
}
