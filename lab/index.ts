import { Command } from "commander";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { cgroupSetup } from "./cgroup";
import { prepareHost } from "./host";
import { makeLab, toolchainOf } from "./make";
import { Phases } from "./phases";
import { labsDir, planLab, type Lab } from "./plan";
import { progressLine } from "./progress";
import { programFolders, standIns } from "./programs";
import { configFile, projectDir, pulumiEnvironment, stackFiles } from "./pulumi";
import { regionInput, sealingCertificateFile, seedRepository, upRegion, upTrust, waitForApplication } from "./region";
import { removeLab } from "./remains";
import { formatStatus, kubeconfigFile, labStatus, sampleHost } from "./status";

/** Options that every command has. */
interface LabOptions {
    readonly name: string;
    readonly range?: string;
}

const rangeFile = (name: string): string => path.join(labsDir(), name, "range");

/** A lab keeps its range: later commands need only its name. */
function labOf({ name, range }: LabOptions): Lab {
    const kept = fs.existsSync(rangeFile(name)) ? fs.readFileSync(rangeFile(name), "utf8").trim() : undefined;
    if (range !== undefined && kept !== undefined && range !== kept) {
        throw new Error(`lab "${name}" has range ${kept}, not ${range}\n  what to do: leave out --range, choose another --name, or remove it first (npm run lab:down)`);
    }
    return planLab({ name, ...(range ?? kept ? { range: range ?? kept } : {}), labsDir: labsDir() });
}

/** The programs that the lab was made with, which need not be those of this checkout. */
function programsOf(lab: Lab): { folders: readonly string[]; kubectl: string } {
    const toolchain = toolchainOf(lab);
    if (!toolchain) {
        throw new Error(`there is no lab "${lab.name}"\n  what to do: npm run lab`);
    }
    return { folders: programFolders(toolchain), kubectl: path.join(toolchain.bin, "kubectl") };
}

async function up(options: LabOptions): Promise<void> {
    const lab = labOf(options);
    const phases = new Phases();
    console.error(`lab ${lab.name} on ${lab.range}, source: built here from pinned Go modules and served by the lab's own mirrors\nstand-ins in use:\n${standIns.map((one) => `  - ${one}`).join("\n")}`);
    fs.mkdirSync(lab.dir, { recursive: true });
    fs.writeFileSync(rangeFile(lab.name), `${lab.range}\n`);
    const made = await makeLab(lab, phases);
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

const program = new Command("lab").description("A region on this machine.").enablePositionalOptions();

withLab(program.command("up").description("make the lab, or bring it to what the project says")).action(up);

withLab(program.command("status").description("nodes, pods, applications, ingress, versions"))
    .option("--json", "as JSON")
    .action(async (options: LabOptions & { json?: boolean }) => {
        const lab = labOf(options);
        const status = await labStatus(lab, programsOf(lab).kubectl);
        console.log(options.json ? JSON.stringify(status, null, 2) : formatStatus(status));
        process.exitCode = status.healthy ? 0 : 1;
    });

withLab(program.command("kubectl").description("kubectl on the lab's cluster").argument("[args...]").passThroughOptions().allowUnknownOption().helpOption(false)).action(async (args: string[], options: LabOptions) => {
    const lab = labOf(options);
    become(programsOf(lab).kubectl, ["--kubeconfig", kubeconfigFile(lab), ...args], { FJORD_HOME: stackFiles(lab).home });
});

withLab(program.command("pulumi").description("a Pulumi verb on the lab's region").argument("[args...]").passThroughOptions().allowUnknownOption().helpOption(false)).action(async (args: string[], options: LabOptions) => {
    const lab = labOf(options);
    const config = ["up", "preview", "destroy", "refresh"].includes(args[0] ?? "") ? ["--config-file", configFile(lab, lab.name)] : [];
    become("pulumi", [...args, "--stack", lab.name, ...config], pulumiEnvironment(lab, programsOf(lab).folders));
});

withLab(program.command("down").description("stop and remove all that the lab made")).action(async (options: LabOptions) => {
    const line = progressLine("down");
    await removeLab(labOf(options), cgroupSetup(), "files", (text) => line.update(text));
    line.done(`lab ${options.name} is gone`);
});

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
