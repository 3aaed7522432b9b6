import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { dump, load } from "js-yaml";
import type { RegionInput } from "../infra/config/schema/region";
import type { TrustInput } from "../infra/config/schema/trust";
import { sealingPublicKey } from "../operations/seal/crypto";
import { sealSecret } from "../operations/seal/seal";
import { ownRegistry } from "./images";
import { registriesOf } from "./images/recipes";
import { gitHostKey, hostKey, operatorKey } from "./keys";
import type { MadeLab } from "./make";
import { labServers, labWorkers, serviceName, type Lab } from "./plan";
import { until, type Progress } from "./process";
import { configFile, ensureStack, mustPulumi, stackFiles, stackOutput, type PulumiRun } from "./pulumi";
import { readTemplates, renderRepository, sampleSecret } from "./repo";
import { registryPort } from "./services";
import { ensureAptKey } from "./services/apt";
import { filesUrl } from "./services/files";
import { commitFiles, registerDeployKeys, repositoryUrl } from "./services/repository";
import { ensureTls } from "./services/tls";
import { labRegion, stackYaml, type LabFacts } from "./stack";
import { checkIngress, sampleHost, type IngressCheck } from "./status";
import { importSample } from "./upstream/sample";

/** Name of the trust stack in every lab's own state. */
export const trustStack = "trust";

/**
 * Steps wait for servers most of the time, so many may be under way at once: with 32 the platform's hundred objects kept
 * control planes from joining for seconds.
 */
const parallel = ["--parallel", "128"];

/** Writes a stack's configuration; what Pulumi itself keeps in the same file (the salt of its encryption) stays. */
export function writeConfig(lab: Lab, stack: string, config: object): void {
    const file = configFile(lab, stack);
    fs.mkdirSync(stackFiles(lab).config, { recursive: true });
    const { config: _replaced, ...kept } = (fs.existsSync(file) ? load(fs.readFileSync(file, "utf8")) : {}) as Record<string, unknown>;
    fs.writeFileSync(file, stackYaml(config, kept));
}

/** The lab's trust stack, as a person would write it. */
export const trustInput: TrustInput = { kind: "trust", organization: "Lab", sealingKeys: [{ name: "sealed-secrets-key-20260101", state: "active" }] };

/** The lab's own mirrors, as a region's stack describes them. */
async function mirrorFacts(lab: Lab): Promise<NonNullable<LabFacts["mirrors"]>> {
    return {
        ca: (await ensureTls(lab)).ca,
        aptKey: await ensureAptKey(lab),
        registries: registriesOf(ownRegistry),
        registryUrl: `https://${serviceName(lab, "registry")}:${registryPort}`,
        filesUrl: filesUrl(lab),
    };
}

/** Configuration of the lab's region. */
export async function regionInput(made: MadeLab): Promise<RegionInput> {
    const { lab, host } = made;
    const operator = await operatorKey(lab);
    const keys = await Promise.all(labServers(lab).map(async (node) => [node.name, (await hostKey(lab, node)).publicKey] as const));
    return labRegion(lab, {
        host,
        hostKeys: Object.fromEntries(keys),
        gitHostKey: (await gitHostKey(lab)).publicKey,
        identityFile: operator.file,
        operatorKey: operator.publicKey,
        ...(made.lock.guestImages && { guestImages: made.lock.guestImages }),
        lock: made.lockFile,
        repository: repositoryUrl(lab),
        ...(made.upstream === undefined
            ? { mirrors: await mirrorFacts(lab) }
            : { upstreamKeys: made.upstream.keys, debian: made.upstream.debian }),
    });
}

/** The passphrase of a lab's state: made once, kept beside it. A real region's is kept apart from its state. */
function ensurePassphrase(lab: Lab): void {
    const file = stackFiles(lab).passphrase;
    if (!fs.existsSync(file)) {
        fs.writeFileSync(file, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
    }
}

/** Brings up the lab's trust stack. */
export async function upTrust({ lab, programs }: MadeLab, progress?: Progress): Promise<PulumiRun> {
    ensurePassphrase(lab);
    writeConfig(lab, trustStack, trustInput);
    await ensureStack(lab, programs, trustStack);
    return mustPulumi(lab, programs, trustStack, ["up", "--yes", "--skip-preview", "--config-file", configFile(lab, trustStack)], progress);
}

/** The certificate to seal secrets with, for `npm run seal -- --cert`. */
export const sealingCertificateFile = (lab: Lab): string => path.join(lab.dir, "sealing.pem");

/** Arguments of the verbs that a lab runs on its region. */
export const upArguments = (lab: Lab): string[] => ["up", "--yes", "--skip-preview", ...parallel, "--config-file", configFile(lab, lab.name)];
export const previewArguments = (lab: Lab): string[] => ["preview", ...parallel, "--config-file", configFile(lab, lab.name)];
export const destroyArguments = (lab: Lab): string[] => ["destroy", "--yes", "--skip-preview", ...parallel, "--config-file", configFile(lab, lab.name)];

/**
 * Brings up the lab's region. Where no mirror has the image of the sample application, it is put on the workers
 * meanwhile: Pulumi waits for the application, and the application for its image.
 */
export async function upRegion(made: MadeLab, config: RegionInput, progress?: Progress): Promise<PulumiRun> {
    const { lab, programs } = made;
    writeConfig(lab, lab.name, config);
    await ensureStack(lab, programs, lab.name);
    let ended = false;
    const up = mustPulumi(lab, programs, lab.name, upArguments(lab), progress).finally(() => (ended = true));
    const importing = made.upstream === undefined ? undefined : importSample(lab, made.upstream.sample, () => ended);
    // Both are waited for: an image that could not be put there is why Pulumi then fails.
    const [result, imported] = await Promise.allSettled([up, importing]);
    if (imported.status === "rejected") {
        throw imported.reason;
    }
    if (result.status === "rejected") {
        throw result.reason;
    }
    return result.value;
}

/**
 * What an operator does once by hand: registers the deploy key at the Git host, seals the application's secret, and
 * puts the application into Git. A repository that has been seeded is the operator's own from then on.
 */
export async function seedRepository({ lab, programs, sample }: MadeLab): Promise<void> {
    const [deployKey, certificate] = await Promise.all([
        stackOutput(lab, programs, trustStack, "deployKeyPublic"),
        stackOutput(lab, programs, trustStack, "sealingCertificate"),
    ]);
    registerDeployKeys(lab, [deployKey]);
    fs.writeFileSync(sealingCertificateFile(lab), certificate);
    const seeded = path.join(lab.dir, "repository-seeded");
    if (fs.existsSync(seeded)) {
        return;
    }
    const secret = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: sampleSecret.name, namespace: sampleSecret.namespace },
        stringData: { [sampleSecret.key]: `opened-${randomBytes(6).toString("hex")}` },
    };
    const sealedSecret = dump(sealSecret(secret, sealingPublicKey(certificate)));
    const image = { name: sample.name, digest: sample.digest };
    await commitFiles(lab, renderRepository({ image, host: sampleHost, sealedSecret }, readTemplates()), "Payment service");
    fs.writeFileSync(seeded, "");
}

/** How long the application may take to answer once Pulumi has seen it healthy: NGINX has to take in its Ingress. */
const answerLimit = 60_000;

/** Waits until the sample application answers through the ingress of a worker. */
export async function waitForApplication(lab: Lab): Promise<IngressCheck> {
    const workers = labWorkers(lab);
    let last: IngressCheck = { address: "", status: 0, page: "" };
    const answered = await until(
        answerLimit,
        async () => {
            for (const { address } of workers) {
                last = await checkIngress(address);
                if (last.status === 200) {
                    return true;
                }
            }
            return false;
        },
        250,
    );
    if (!answered) {
        throw new Error(
            `the sample application does not answer through the ingress after ${answerLimit / 1000} s (last: ${last.address} ${last.status || "no answer"})\n` +
                "  what to do: npm run lab:status says what is not ready",
        );
    }
    return last;
}
