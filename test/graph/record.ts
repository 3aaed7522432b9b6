import * as pulumi from "@pulumi/pulumi";
import { readStackOutputs } from "../../infra/previous-outputs";

/** One resource as the program registered it. */
export interface Registered {
    readonly type: string;
    readonly name: string;
    readonly inputs: Readonly<Record<string, unknown>>;
    readonly custom: boolean;
    readonly provider: string;
}

/** Text that stands for every secret under the mocks, so that a search finds where it came out in clear. */
export const secretMark = "MARK-OF-A-SECRET";

/** A machine that passes preflight. */
const preflight = {
    os: "debian-12", kernel: "6.12", architecture: "x86_64", virtualization: "kvm", cgroup: "2", cpus: "4", memory: "16000", swap: "0", disk: "100000",
    foreign: "none", firewall: "none", ports: "none", synchronised: "yes", clock: "1", fdatasync: "1", steal: "0",
};

/** A hypervisor that does; figures that it shares with a machine are those above. */
const hypervisor = {
    cpu: "EPYC", available: "90000", tools: "none", daemon: "answers", libvirt: "11.3.0", qemu: "10.0.0", domains: "none", kvm: "usable",
    pool: "present", filesystem: "xfs", inodes: "1000000", direct: "yes", nvme: "yes", bridge: "present", filtered: "no",
};

/** What is found in its pool: the one figure that is not as it should be. */
const foundInPool = { removed: "", unwanted: "no-oslo-1-worker-09", pruned: "" };

/** What the mocked providers answer, by type token. */
const outputs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    "tls:index/privateKey:PrivateKey": { privateKeyPem: secretMark, privateKeyOpenssh: secretMark, publicKeyOpenssh: "ssh-ed25519 AAAAstack", publicKeyPem: "public" },
    "tls:index/selfSignedCert:SelfSignedCert": { certPem: "certificate" },
    "random:index/randomPassword:RandomPassword": { result: secretMark },
    "random:index/randomUuid:RandomUuid": { result: "00000000-0000-4000-8000-000000000000" },
    "command:local:Command": { stdout: "ca certificate", stderr: "" },
    "command:remote:Command": { stdout: JSON.stringify({ ...hypervisor, ...foundInPool, ...preflight }), stderr: "" },
};

/**
 * Registers mocks that write down every resource; call it before the program's modules are used.
 *
 * @param stacks outputs of the stacks that the program reads, its own among them, by full name
 */
export function recordResources(preview: boolean, stacks: Readonly<Record<string, object>> = {}): Registered[] {
    const registered: Registered[] = [];
    pulumi.runtime.setMocks(
        {
            newResource(args) {
                registered.push({ type: args.type, name: args.name, inputs: args.inputs as Record<string, unknown>, custom: args.custom ?? false, provider: args.provider ?? "" });
                if (args.type === "pulumi:pulumi:StackReference") {
                    return { id: args.name, state: { ...(args.inputs as object), outputs: stacks[args.name] ?? {}, secretOutputNames: [] } };
                }
                return { id: preview && args.custom ? undefined : `${args.name}-id`, state: { ...(args.inputs as object), ...(preview ? {} : outputs[args.type]) } };
            },
            call: (args) => {
                if (args.token === readStackOutputs) {
                    return { name: args.inputs["name"], outputs: stacks[args.inputs["name"] as string] ?? {}, secretOutputNames: [] };
                }
                throw new Error(`the program called ${args.token}: nothing may be asked of a provider at preview`);
            },
        },
        "fjord",
        "lab",
        preview,
        "organization",
    );
    acceptErrorHooks();
    return registered;
}

/** The SDK's mocks know no error hooks (3.248): registering one would fail the program. */
function acceptErrorHooks(): void {
    const monitor = pulumi.runtime.getMonitor() as unknown as { registerErrorHook: (request: unknown, done: (error: null, response: object) => void) => void };
    monitor.registerErrorHook = (_request, done) => done(null, {});
}

/** The key by which the SDK tells a secret value on the wire. */
const signature = "4dabf18193072939515e22adb298388d";

/** Paths below a value where the mark stands outside a secret. */
export function clearMarks(value: unknown, path = ""): string[] {
    if (typeof value === "string") {
        return value.includes(secretMark) ? [path] : [];
    }
    if (typeof value !== "object" || value === null || signature in value) {
        return [];
    }
    return Object.entries(value).flatMap(([key, inner]) => clearMarks(inner, `${path}.${key}`));
}
