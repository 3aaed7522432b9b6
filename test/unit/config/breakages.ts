import { Config, guestRegion, region, set } from "./fixtures";

/** One thing wrong with an example region, and the problem that must be reported for it. */
export interface Breakage {
    readonly what: string;
    readonly break: (config: Config) => Config;
    /** Path of the problem. */
    readonly path: string;
    /** Part of its message. */
    readonly message: RegExp;
    /** Part of its fix. */
    readonly fix: RegExp;
}

type Row = readonly [at: readonly (string | number)[], value: unknown, path: string, message: RegExp, fix: RegExp];

const otherKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf";

/** Of the region on servers. Every row breaks another place, so that any of them may be put together. */
const rows: readonly Row[] = [
    [["domain"], "Osl.Node", "fjord:domain", /"Osl.Node" is not a DNS domain/, /lower case/],
    [["whereabouts", "country"], "UK", "fjord:whereabouts.country", /"UK" is not an ISO/, /GB \(not UK\)/],
    [["nme"], "x", "fjord:nme", /not a key/, /did you mean name\?/],
    [["kubernetes", "versoin"], "1", "fjord:kubernetes.versoin", /not a key/, /did you mean version\?/],
    [["trustStack"], "trust", "fjord:trustStack", /"trust" is not the full name/, /organization\/<project>/],
    [["ssh", "allowFrom", 0], "0.0.0.0/0", "fjord:ssh.allowFrom[0]", /the whole internet/, /allowFromAnywhere/],
    [["ssh", "allowFrom", 1], "10.20.0.0", "fjord:ssh.allowFrom[1]", /not an IPv4 range/, /\/32/],
    [
        ["hosts", "mirror.osl.node"],
        "10.96.3.4",
        'fjord:hosts["mirror.osl.node"]',
        /lies in kubernetes.serviceCidr/,
        /move the address/,
    ],
    [["preflight", "steal", "warn"], 20, "fjord:preflight.steal", /warns at 20 and fails at 10/, /at most fail/],
    [
        ["mirrors", "apt", "kubernetes", "key"],
        "file:stacks/keys/none.asc",
        "fjord:mirrors.apt.kubernetes.key",
        /none.asc cannot be read/,
        /curl .*Release.key -o stacks\/keys\/none.asc/,
    ],
    [
        ["mirrors", "apt", "containerd", "key"],
        "a key",
        "fjord:mirrors.apt.containerd.key",
        /not an ASCII-armoured/,
        /file:<path>/,
    ],
    [
        ["mirrors", "images"],
        [{ registry: "quay.io", url: "http://m", whereabouts: { country: "NO", operator: "x" } }],
        "fjord:mirrors.images[0].url",
        /not a URL with https/,
        /https:\/\/host/,
    ],
    [["machines", 0, "name"], "cp_01", "fjord:machines[0].name", /"cp_01" is not an RFC 1123 label/, /lower-case/],
    [["machines", 0, "plan"], "nvme-16b", "fjord:machines[0].plan", /not a plan/, /did you mean nvme-16gb\?/],
    [
        ["machines", 1, "address"],
        "10.20.0.300",
        "fjord:machines[1].address",
        /neither an IPv4 address nor a DNS name/,
        /10\.20\.0\.21/,
    ],
    [
        ["machines", 1, "hostKey"],
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfu",
        "fjord:machines[1].hostKey",
        /cut short/,
        /ssh-keyscan/,
    ],
    [["machines", 2, "port"], "22", "fjord:machines[2].port", /is "22", which is a text/, /whole number|a number/],
    [
        ["machines", 2, "nodeAddress"],
        "10.244.1.1",
        "fjord:machines[2].nodeAddress",
        /lies in kubernetes.podCidr/,
        /another kubernetes.podCidr/,
    ],
    [["machines", 3, "name"], "cp-02", "fjord:machines[3].name", /also the name of fjord:machines\[1\]/, /of its own/],
    [
        ["machines", 3, "jump"],
        { address: "10.20.0.13", hostKey: otherKey },
        "fjord:machines[3].jump.hostKey",
        /another host key for 10.20.0.13:22/,
        /find out/,
    ],
    [
        ["machines", 4, "address"],
        "worker-02.example.org",
        "fjord:machines[4].nodeAddress",
        /is missing, and address is the name/,
        /IPv4/,
    ],
    [["machines", 4, "role"], "wroker", "fjord:machines[4].role", /is "wroker"/, /did you mean worker\?/],
    [["machines", 5, "address"], "10.20.0.12", "fjord:machines[5].address", /10.20.0.12/, /address of its own/],
    [
        ["machines", 5, "taints"],
        [{ key: "a", effect: "Never" }],
        "fjord:machines[5].taints[0].effect",
        /is "Never"/,
        /NoSchedule or/,
    ],
    [["kubernetes", "version"], "1.35.2", "fjord:kubernetes.version", /not of minor version 1.36/, /1\.36\.4/],
    [["kubernetes", "maxPods"], 255, "fjord:kubernetes.maxPods", /is 255/, /at most 254/],
    [["kubernetes", "loadBalancerPort"], 6443, "fjord:kubernetes.loadBalancerPort", /kube-apiserver/, /free port/],
    [["kubernetes", "apiName"], "cp-03.osl.node", "fjord:kubernetes.apiName", /name of a machine/, /such as api/],
    [
        ["kubernetes", "evictionHard"],
        { "memory.availble": "1Mi" },
        'fjord:kubernetes.evictionHard["memory.availble"]',
        /not a key/,
        /memory.available/,
    ],
    [["platform", "ingress", "httpsPort"], 31000, "fjord:platform.ingress.httpsPort", /NodePorts/, /free port/],
    [["platform", "reconciliation"], 5, "fjord:platform.reconciliation", /is 5/, /at least 10/],
    [["applications", 0, "project"], "default", "fjord:applications[0].project", /is locked/, /payments/],
    [
        ["applications", 0, "namespace"],
        "kube-system",
        "fjord:applications[0].namespace",
        /belongs to the platform/,
        /application's own/,
    ],
    [
        ["applications", 0, "podSecurity"],
        "privileged",
        "fjord:applications[0].podSecurity",
        /is "privileged"/,
        /restricted or baseline/,
    ],
    [
        ["applications", 0, "repository"],
        "https://gitlab.com/nordic-corp/infra-manifests.git",
        "fjord:applications[0].repository",
        /not the SSH URL/,
        /git@host/,
    ],
    [["applications", 0, "path"], "../secrets", "fjord:applications[0].path", /not a path inside/, /relative/],
    [
        ["applications", 0, "selfHeal"],
        "yes",
        "fjord:applications[0].selfHeal",
        /is "yes", which is a text/,
        /true or false/,
    ],
];

/** Of the region on guests. */
const guestRows: readonly Row[] = [
    [["hypervisors", 0, "hostkey"], "x", "fjord:hypervisors[0].hostkey", /not a key/, /did you mean hostKey\?/],
    [["hypervisors", 0, "hostKey"], "ssh-ed25519 AAAA", "fjord:hypervisors[0].hostKey", /cut short/, /ssh-keyscan/],
    [
        ["hypervisors", 0, "pool"],
        "/var/lib/../x",
        "fjord:hypervisors[0].pool",
        /not a plain absolute path/,
        /no \. or \.\./,
    ],
    [
        ["hypervisors", 0, "bridge"],
        "bridge-of-guests",
        "fjord:hypervisors[0].bridge",
        /not the name of a network/,
        /15/,
    ],
    [
        ["hypervisors", 1, "pool"],
        "images",
        "fjord:hypervisors[1].pool",
        /not a plain absolute path/,
        /begin it with \//,
    ],
    [
        ["hypervisors", 1, "name"],
        "worker-03",
        "fjord:hypervisors[1].name",
        /also the name of fjord:machines\[5\]/,
        /hv-01/,
    ],
    [["hypervisors", 1, "acceleration"], "tcg", "fjord:hypervisors[1].acceleration", /is "tcg"/, /kvm or emulation/],
    [["hypervisors", 1, "vcpuRatio"], 0.5, "fjord:hypervisors[1].vcpuRatio", /is 0.5/, /at least 1/],
    [
        ["hypervisors", 2, "address"],
        "10.30.0.6",
        "fjord:hypervisors[2].address",
        /10.30.0.6:22 is also the address of fjord:hypervisors\[1\]/,
        /of its own/,
    ],
    [
        ["hypervisors", 2, "capacity", "memoryMiB"],
        "60 GiB",
        "fjord:hypervisors[2].capacity.memoryMiB",
        /is "60 GiB", which is a text/,
        /a number/,
    ],
    [["guestNetwork", "nameservers"], [], "fjord:guestNetwork.nameservers", /has 0 entries/, /at least 1/],
    [["images", 0, "url"], "debian.qcow2", "fjord:images[0].url", /not a URL with https or http/, /https:\/\/host/],
    [
        ["images", 1],
        { name: "debian-13", url: "https://osl.node/a.qcow2" },
        "fjord:images[1].name",
        /is an image of the catalogue/,
        /debian-13-hardened/,
    ],
    [["plans", 0, "iops"], 0, "fjord:plans[0].iops", /is 0/, /at least 1/],
    [["plans", 1, "name"], "nvme-8gb", "fjord:plans[1].name", /is a plan of the catalogue/, /another name/],
    [
        ["machines", 0, "kind"],
        "libvrit",
        "fjord:machines[0].kind",
        /is "libvrit"/,
        /existing or libvirt \(did you mean libvirt\?\)/,
    ],
    [["machines", 0, "plan"], "lab", "fjord:machines[0].plan", /promises nothing/, /nvme-4gb/],
    [
        ["machines", 0, "taints"],
        [{ key: "a", effect: "never" }],
        "fjord:machines[0].taints[0].effect",
        /is "never"/,
        /NoSchedule/,
    ],
    [["machines", 1, "kind"], undefined, "fjord:machines[1].kind", /is missing/, /add kind: existing or libvirt/],
    [
        ["machines", 1, "image"],
        "ubuntu-20.04",
        "fjord:machines[1].image",
        /May 2025.*kernel 5\.4.*cgroup v1/,
        /ubuntu-22\.04, ubuntu-24\.04, debian-12/,
    ],
    [
        ["machines", 1, "address"],
        "10.30.1.12",
        "fjord:machines[1].address",
        /outside the guest network 10.30.0.0\/24/,
        /or mend/,
    ],
    [["machines", 2, "image"], "debain-12", "fjord:machines[2].image", /not an image/, /did you mean debian-12\?/],
    [
        ["machines", 2, "address"],
        "10.30.0.1",
        "fjord:machines[2].address",
        /the guest network's gateway/,
        /nothing has/,
    ],
    [["machines", 2, "hostKey"], otherKey, "fjord:machines[2].hostKey", /not a key/, /known here: .*image/],
    [
        ["machines", 3, "hypervisor"],
        "hv01",
        "fjord:machines[3].hypervisor",
        /not the name of a hypervisor/,
        /did you mean hv-01\?/,
    ],
    [["machines", 3, "address"], "10.30.0.255", "fjord:machines[3].address", /the broadcast address/, /nothing has/],
    [
        ["machines", 3, "name"],
        `w${"o".repeat(49)}`,
        "fjord:machines[3].name",
        /on its hypervisor 62 characters long: no-bergen-1-wo/,
        /60 characters/,
    ],
    [
        ["machines", 4, "plan"],
        "nvme-64gb",
        "fjord:machines[4].plan",
        /16 vcpus, 65536 MiB and 640 GiB, more than the whole of hv-01 \(16 vcpus, 61440 MiB and 800 GiB\), /,
        /smaller plan/,
    ],
    [
        ["machines", 4, "address"],
        "10.30.0.5",
        "fjord:machines[4].address",
        /also the address of fjord:hypervisors\[0\]/,
        /guest/,
    ],
    [
        ["machines", 5, "address"],
        "10.30.0.11",
        "fjord:machines[5].address",
        /also the node address of fjord:machines\[0\]/,
        /of its own/,
    ],
    [["machines", 5, "adress"], "x", "fjord:machines[5].adress", /not a key/, /did you mean address\?/],
];

const breakagesOf = (table: readonly Row[]): readonly Breakage[] =>
    table.map(([at, value, path, message, fix]) => ({
        what: `${path}: ${message.source}`,
        break: (config) => set(config, at, value),
        path,
        message,
        fix,
    }));

/** Every example region with what can be broken in it. */
export const examples: readonly { readonly region: () => Config; readonly breakages: readonly Breakage[] }[] = [
    { region, breakages: breakagesOf(rows) },
    { region: guestRegion, breakages: breakagesOf(guestRows) },
];
