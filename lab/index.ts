import { Command } from "commander";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { announce, artefacts, formatArtefacts, upstreamHosts } from "./artefacts";
import { cgroupSetup } from "./cgroup";
import { exceptionsOf } from "./exceptions";
import { prepareHost } from "./host";
import { makeLab, toolchainOf } from "./make";
import { findLab, noSuchLab, type LabName } from "./labs";
import { Phases } from "./phases";
import { labsDir, type Lab } from "./plan";
import { probeHosts } from "./probe";
import { progressLine } from "./progress";
import { programFolders } from "./programs";
import { configFile, projectDir, pulumiEnvironment, stackFiles } from "./pulumi";
import { regionInput, sealingCertificateFile, seedRepository, trustStack, upRegion, upTrust, waitForApplication } from "./region";
import { findRemains, nothingRemains, removeLab } from "./remains";
import { checkoutRepository } from "./services/repository";
import { askedSource, askedSources, decideSource, needsProbes, sourceVariable, type Decision } from "./source";
import { formatStatus, labStatus, needKubeconfig, sampleHost } from "./status";

/** The programs that the lab was made with, which need not be those of this checkout. */
function programsOf(lab: Lab): { folders: readonly string[]; kubectl: string } {
    const toolchain = toolchainOf(lab);
    if (!toolchain) {
        throw noSuchLab(lab.name);
    }
    return { folders: programFolders(toolchain), kubectl: path.join(toolchain.bin, "kubectl") };
}

/** The lab's own source if it is there, else what was asked for, else what the network allows. */
async function chooseSource(lab: Lab, option: string | undefined): Promise<Decision> {
    const asked = askedSource(option, process.env);
    const toolchain = toolchainOf(lab);
    const made = toolchain && (toolchain.source === "upstream" ? "upstream" : "lab");
    const probes = needsProbes({ asked, made }) ? await probeHosts(upstreamHosts) : [];
    return decideSource({ asked, made, probes });
}

async function up(options: LabName & { source?: string }): Promise<void> {
    const lab = findLab(options);
    const { source, why } = await chooseSource(lab, options.source);
    const phases = new Phases();
    console.error(`lab ${lab.name} on ${lab.range}\n${announce(source, why)}`);
    const made = await makeLab(lab, phases, source);
    await phases.run("trust stack", async (progress) => upTrust(made, progress));
    await phases.run("configuration in Git", () => seedRepository(made));
    await phases.run("region (pulumi up)", async (progress) => upRegion(made, await regionInput(made), progress));
    const answer = await phases.run("application", () => waitForApplication(lab));
    phases.save(lab);
    console.log(summary(lab, answer, phases));
}

function summary(lab: Lab, answer: { address: string; page: string }, phases: Phases): string {
    const only = lab.name === "lab" ? "" : ` --name ${lab.name}`;
    const dashes = only && ` --${only}`;
    return [
        "",
        `Region ${lab.name} runs: ${lab.nodes.map(({ name }) => name).join(", ")}.`,
        `The application answers at http://${sampleHost}/ (${answer.address}):`,
        ...answer.page.trim().split("\n").map((line) => `  | ${line}`),
        "",
        phases.format(),
        "",
        "Try next",
        `  npm run lab:status${dashes}`,
        `  npm run lab:kubectl --${only} -n payment-prod get pods`,
        "Change something in Git, and watch it arrive:",
        `  git -c core.sshCommand="ssh -F ${path.join(lab.dir, "ssh_config")}" clone git@git.${lab.domain}:payments/infra-manifests.git`,
        "Break something by hand, and watch it heal:",
        `  npm run lab:kubectl --${only} -n payment-prod delete deployment payment-service`,
        "Seal a secret for Git:",
        `  npm run --silent lab:kubectl -- ${only && `${only.trim()} `}create secret generic demo --namespace payment-prod --from-literal=key=value --dry-run=client -o yaml |`,
        `    npm run --silent seal -- --cert ${sealingCertificateFile(lab)}`,
        "See what the rules say of it, and what would change:",
        `  npm run lab:review${dashes}`,
        "Take it all away:",
        `  npm run lab:down${dashes}`,
    ].join("\n");
}

/** Runs a program with the lab's environment and our own terminal; its exit code becomes ours. */
function become(command: string, args: readonly string[], env: Record<string, string>): void {
    const result = spawnSync(command, [...args], { cwd: projectDir, stdio: "inherit", env: { ...process.env, ...env } });
    process.exitCode = result.status ?? 1;
}

const withLab = (command: Command): Command =>
    command.option("--name <name>", "name of the lab", "lab").option("--range <cidr>", "address range of the lab, a /24 (default 10.77.0.0/24)");

/** `npm run lab:status --json`: npm takes an option before `--` for its own, and says so in the environment. */
const jsonWanted = process.env["npm_config_json"] === "true";

const program = new Command("lab").description("A region on this machine.").enablePositionalOptions();

withLab(program.command("up").description("make the lab, or bring it to what the project says"))
    .option("--source <source>", `where everything comes from: ${askedSources.join(", ")} (default auto; ${sourceVariable} says it, too)`)
    .action(up);

withLab(program.command("status").description("nodes, pods, applications, ingress, versions"))
    .option("--json", "as JSON", jsonWanted)
    .action(async (options: LabName & { json?: boolean }) => {
        const lab = findLab(options);
        const status = await labStatus(lab, programsOf(lab).kubectl);
        console.log(options.json ? JSON.stringify(status, null, 2) : formatStatus(status));
        process.exitCode = status.healthy ? 0 : 1;
    });

withLab(program.command("kubectl").description("kubectl on the lab's cluster").argument("[args...]").passThroughOptions().allowUnknownOption().helpOption(false)).action(async (args: string[], options: LabName) => {
    const lab = findLab(options);
    become(programsOf(lab).kubectl, ["--kubeconfig", needKubeconfig(lab), ...args], { FJORD_HOME: stackFiles(lab).home });
});

withLab(program.command("pulumi").description("a Pulumi verb on the lab's region").argument("[args...]").passThroughOptions().allowUnknownOption().helpOption(false)).action(async (args: string[], options: LabName) => {
    const lab = findLab(options);
    const config = ["up", "preview", "destroy", "refresh"].includes(args[0] ?? "") ? ["--config-file", configFile(lab, lab.name)] : [];
    become("pulumi", [...args, "--stack", lab.name, ...config], pulumiEnvironment(lab, programsOf(lab).folders));
});

withLab(program.command("review").description("the rules on the lab's stacks and on the repository of its application").argument("[args...]").passThroughOptions().allowUnknownOption().helpOption(false)).action(async (args: string[], options: LabName) => {
    const lab = findLab(options);
    const { folders } = programsOf(lab);
    const manifests = path.join(lab.dir, "review");
    await checkoutRepository(lab, manifests);
    const stacks = [trustStack, lab.name].flatMap((stack) => ["--stack", stack, "--config-file", configFile(lab, stack)]);
    const exceptions = path.join(lab.dir, "exceptions.yaml");
    fs.writeFileSync(exceptions, exceptionsOf(lab.name, fs.readFileSync(path.join(projectDir, "policies/exceptions.yaml"), "utf8")));
    const review = ["--require", "tsx/cjs", "operations/review/index.ts", ...stacks, "--manifests", manifests, "--exceptions", exceptions, ...args];
    become(process.execPath, review, pulumiEnvironment(lab, folders));
});

withLab(program.command("down").description("stop and remove all that the lab made")).action(async (options: LabName) => {
    const lab = findLab(options);
    const line = progressLine("down");
    const remains = await findRemains(lab, cgroupSetup());
    const there = fs.existsSync(lab.dir) || !nothingRemains(remains);
    await removeLab(lab, cgroupSetup(), "files", (text) => line.update(text));
    line.done(there ? `lab ${lab.name} is gone` : `there was no lab "${lab.name}"`);
});

program
    .command("sources")
    .description("where everything comes from, with each source, and what of it is proven")
    .option("--json", "as JSON", jsonWanted)
    .action(({ json }: { json?: boolean }) => console.log(json ? JSON.stringify(artefacts, null, 2) : formatArtefacts()));

program
    .command("prepare")
    .description("install the packages that this machine lacks")
    .action(async () => {
        const line = progressLine("machine");
        await prepareHost(labsDir(), (text) => line.update(text));
        line.done("ready");
    });

program.parseAsync().catch((error: Error) => {
    console.error(process.env["FJORD_DEBUG"] ? error : `fjord: ${error.message}`);
    process.exitCode = 1;
});
