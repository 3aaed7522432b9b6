import { seconds } from "../../../infra/config/types";
import { SshClient } from "../../remote/ssh";

/** Whether a domain is off, from what `virsh domstate` says in English; as guest.sh judges it. */
export function isOff(state: string): boolean {
    return ["shut off", "crashed"].includes(state.trim());
}

/**
 * Asks a hypervisor whether a domain is off.
 *
 * @throws Error where it does not say: no answer is not taken for "off"
 */
export async function domainIsOff(hypervisor: SshClient, domain: string): Promise<boolean> {
    const sudo = hypervisor.server.user === "root" ? "" : "sudo -n ";
    const { code, stdout, stderr } = await hypervisor.exec(
        `${sudo}env LC_ALL=C timeout 60 virsh -q -c qemu:///system domstate ${domain}`,
        { what: `ask how ${domain} is`, timeout: seconds(75) },
    );
    if (code !== 0) {
        throw new Error(
            `fjord: ${hypervisor.server.name}: libvirt does not say how ${domain} is: ${stderr.trim().slice(-300) || `code ${code}`}\n` +
                `  what to do: look at it there (virsh domstate ${domain}), then run again`,
        );
    }
    return isOff(stdout);
}
