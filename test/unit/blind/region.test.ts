import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { planGuests } from "../../../components/machines/libvirt/plan";
import { clusterSpec } from "../../../components/cluster/cluster";
import { settingsHash } from "../../../components/cluster/settings";
import { Region, RegionArgs } from "../../../infra/region";
import { blind, ClearStack } from "../../../operations/blind/blind";
import { secretIn, secretOf } from "../../../operations/blind/checkpoint";
import { isFields } from "../../../policies/rules/values";
import { guestLock, guestRegion } from "../../fixtures/guests";
import { lock, region } from "../../fixtures/platform/region";

const project = path.resolve(__dirname, "../../..");
const home = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-blind-"));

type Values = Readonly<Record<string, unknown>>;

interface Registered {
    readonly type: string;
    readonly name: string;
    readonly inputs: Values;
}

/** Secrets of a region and its trust, by name. */
type Secrets = (name: string) => string;

const signature = "4dabf18193072939515e22adb298388d";

/** Secrets as a checkpoint has them, out of those that the SDK sends. */
function asStored(value: unknown): unknown {
    if (typeof value !== "object" || value === null) {
        return value;
    }
    if (Array.isArray(value)) {
        return value.map(asStored);
    }
    return signature in value && "value" in value
        ? secretOf(asStored(value.value))
        : Object.fromEntries(Object.entries(value).map(([key, part]) => [key, asStored(part)]));
}

function pem(label: string, lines: number): string {
    const body = Array.from({ length: lines }, () => randomBytes(48).toString("base64"));
    return [`-----BEGIN ${label}-----`, ...body, `-----END ${label}-----`, ""].join("\n");
}

const certificate = pem("CERTIFICATE", 20);

/** A machine and a hypervisor that pass preflight. */
const report = {
    os: "debian-12", kernel: "6.12", architecture: "x86_64", virtualization: "kvm", cgroup: "2", cpus: "4", memory: "16000",
    swap: "0", disk: "100000", foreign: "none", firewall: "none", ports: "none", synchronised: "yes", clock: "1", fdatasync: "1", steal: "0",
    cpu: "EPYC", available: "90000", tools: "none", daemon: "answers", libvirt: "11.3.0", qemu: "10.0.0", domains: "none",
    kvm: "usable", pool: "present", filesystem: "xfs", inodes: "1000000", direct: "yes", nvme: "yes", bridge: "present",
    filtered: "no", unwanted: "",
};

/** What a provider answers beside its inputs. */
function answer(type: string, name: string, secrets: Secrets): Values {
    switch (type) {
        case "tls:index/privateKey:PrivateKey":
            return { privateKeyOpenssh: secretOf(secrets(name)), publicKeyOpenssh: `ssh-ed25519 AAAAC3NzaC1lZDI1${name}\n` };
        case "random:index/randomPassword:RandomPassword":
            return { result: secretOf(secrets(name)) };
        case "random:index/randomUuid:RandomUuid":
            return { result: "00000000-0000-4000-8000-000000000000" };
        case "command:local:Command":
            return { stdout: certificate, stderr: "" };
        case "command:remote:Command":
            return { stdout: JSON.stringify(report), stderr: "" };
        default:
            return {};
    }
}

type Place = Pick<RegionArgs, "config" | "lock" | "guests">;

/** Runs a region's program, with providers that answer with these secrets. */
async function registered(place: Place, secrets: Secrets): Promise<readonly Registered[]> {
    const all: Registered[] = [];
    const plain = (values: Values): Values =>
        Object.fromEntries(Object.entries(values).map(([key, value]) => [key, secretIn(value)?.value ?? value]));
    pulumi.runtime.setMocks({
        newResource: ({ type, name, inputs }) => {
            all.push({ type, name, inputs: asStored(inputs) as Values });
            return { id: `${name}-id`, state: { ...inputs, ...plain(answer(type, name, secrets)) } };
        },
        call: ({ token }) => {
            throw new Error(`the program called ${token}`);
        },
    });
    // The SDK's mocks know no error hooks.
    const monitor = pulumi.runtime.getMonitor() as unknown as {
        registerErrorHook: (request: unknown, done: (error: null, response: object) => void) => void;
    };
    monitor.registerErrorHook = (_request, done) => done(null, {});
    const trust = {
        sealingKeys: [
            {
                name: "sealed-secrets-key-20260101",
                state: "active" as const,
                certificate: pulumi.output(certificate),
                privateKey: pulumi.secret(secrets("sealing")),
            },
        ],
        deployKey: pulumi.secret(secrets("deploy")),
    };
    const argocdManifest = fs.readFileSync(path.join(project, "test/fixtures/platform/install.yaml"), "utf8");
    new Region("no-oslo-1", { ...place, argocdManifest, trust });
    await pulumi.runtime.disconnect();
    return all;
}

/** The checkpoint after such a run. */
function checkpoint(stack: string, resources: readonly Registered[], secrets: Secrets): ClearStack {
    const listed = resources.map(({ type, name, inputs }) => ({
        urn: `urn:pulumi:${stack}::fjord::${type}::${name}`,
        type,
        custom: !type.startsWith("fjord:"),
        inputs,
        outputs: { ...inputs, ...answer(type, name, secrets) },
    }));
    return { stack, exported: { version: 3, deployment: { resources: listed } }, config: {} };
}

function texts(folder: string): readonly string[] {
    return fs
        .readdirSync(path.join(project, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => fs.readFileSync(path.join(entry.parentPath, entry.name), "utf8"));
}

interface StoredResource {
    readonly type: string;
    readonly urn: string;
    readonly inputs: Values;
    readonly outputs: Values;
}

const key = ({ type, name }: Registered): string => `${type} ${name}`;
const keyPair = /ssh|sealing|deploy|host-key/;

const guestPlan = planGuests(guestRegion, guestLock.guestImages, {});
const places: Readonly<Record<string, Place>> = {
    "of servers that exist": { config: region, lock, guests: [] },
    "of guests": { config: guestRegion, lock: guestLock, guests: guestPlan.ok ? guestPlan.guests : [] },
};

for (const [name, place] of Object.entries(places)) {
    describe(`a region ${name}`, () => {
        let blinded: readonly Registered[];
        let expected: readonly Registered[];
        const made = new Map<string, string>();

        before(async () => {
            process.env["FJORD_HOME"] = home;
            const real: Secrets = (wanted) => {
                const isKeyPair = keyPair.test(wanted);
                const known = made.get(wanted) ?? (isKeyPair ? pem("OPENSSH PRIVATE KEY", 7) : randomBytes(32).toString("hex"));
                made.set(wanted, known);
                return known;
            };
            const resources = await registered(place, real);
            const keys = ["sealing", "deploy"];
            const trust = keys.map((one) => ({ type: "tls:index/privateKey:PrivateKey", name: one, inputs: {} }));
            const settings = settingsHash(clusterSpec(place.config, place.lock));
            const written = [...["components", "infra", "test/fixtures"].flatMap(texts), settings];
            const stacks = blind([checkpoint("trust", trust, real), checkpoint("no-oslo-1", resources, real)], written);
            const listed = stacks
                .flatMap(({ exported }) => exported.deployment["resources"] as readonly StoredResource[])
                .map((one) => ({ ...one, name: one.urn.split("::").at(-1) ?? "" }));
            blinded = listed.filter(({ urn }) => urn.includes("no-oslo-1::"));
            const standIns: Secrets = (wanted) => {
                const outputs = listed.find((one) => one.name === wanted && /^(tls|random)/.test(one.type))?.outputs;
                const value = secretIn(outputs?.["privateKeyOpenssh"] ?? outputs?.["result"])?.value;
                assert.ok(typeof value === "string", wanted);
                return value;
            };
            expected = await registered(place, standIns);
        });

        test("its program makes of the stand-ins what the blinded checkpoint says, in every resource", () => {
            const before = new Map(blinded.map((one) => [key(one), one.inputs]));
            assert.ok(expected.length > 80 && expected.length === blinded.length, `${expected.length} resources`);
            const changed = expected.filter((one) => JSON.stringify(before.get(key(one))) !== JSON.stringify(one.inputs));
            assert.deepEqual(changed.map(key), []);
        });

        test("there were secrets in it, and none is left", () => {
            const text = JSON.stringify(blinded);
            assert.ok(made.size >= 5 && blinded.some(({ inputs }) => isFields(inputs) && secretIn(inputs["stdin"])));
            const lines = [...made.values()].flatMap((one) => one.split("\n"));
            for (const line of lines.filter((one) => one.length > 20 && !/KEY-/.test(one))) {
                assert.ok(!text.includes(line) && !text.includes(Buffer.from(line).toString("base64").slice(4, -4)));
            }
        });
    });
}

after(() => fs.rmSync(home, { recursive: true }));
