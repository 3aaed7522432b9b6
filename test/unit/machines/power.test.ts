import assert from "node:assert/strict";
import { test } from "node:test";
import { domainIsOff } from "../../../components/machines/libvirt/power";
import { SshClient } from "../../../components/remote/ssh";

function hypervisor(user: string, result: { code: number; stdout: string; stderr?: string }) {
    const commands: string[] = [];
    const client = {
        server: { name: "hv-01", user },
        exec: async (command: string) => {
            commands.push(command);
            return { stderr: "", ...result };
        },
    } as unknown as SshClient;
    return { client, commands };
}

for (const [state, off] of [
    ["shut off", true],
    ["crashed", true],
    ["running", false],
    ["paused", false],
    ["in shutdown", false],
    ["pmsuspended", false],
    ["", false],
] as const) {
    test(`a domain that is "${state}" is ${off ? "off" : "not off"}`, async () => {
        assert.equal(await domainIsOff(hypervisor("root", { code: 0, stdout: `${state}\n\n` }).client, "r-w"), off);
    });
}

test("libvirt's silence is not taken for off; its words are asked for in English", async () => {
    const { client, commands } = hypervisor("ops", { code: 1, stdout: "", stderr: "error: failed to connect\n" });
    await assert.rejects(domainIsOff(client, "r-w"), /^Error: fjord: hv-01: .*failed to connect\n {2}what to do: /);
    assert.match(commands[0] ?? "", /^sudo -n env LC_ALL=C .*domstate r-w$/);
});
