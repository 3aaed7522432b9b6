import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import { AnalyzerStackConfigureRequest } from "@pulumi/pulumi/proto/analyzer_pb";
import { LanguageRuntimeClient } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/language_pb";
import { Engine } from "./engine";
import { toStruct, type Properties } from "./values";

const project = path.resolve(__dirname, "../../..");
const host = path.join(project, "lab/toolchain/language-host/pulumi-language-nodejs");

/** Stands in for an entry point of the SDK: writes down how it was started, and ends as the variable EXIT says. */
const entryPoint = `
const { argv, execArgv, env } = process;
const report = { argv: argv.slice(2), execArgv, env, cwd: process.cwd() };
require("node:fs").writeFileSync(env.REPORT, JSON.stringify(report));
console.log("1\\nto stdout");
console.error("to stderr");
process.exit(Number(env.EXIT));
`;

interface Report {
    readonly argv: readonly string[];
    readonly execArgv: readonly string[];
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly cwd: string;
}

describe("the language host", () => {
    let engine: Engine;
    let running: ChildProcess;
    let client: LanguageRuntimeClient;
    let folder: string;
    let ended: Promise<number | null>;

    function report(): Report {
        return JSON.parse(fs.readFileSync(path.join(folder, "report.json"), "utf8")) as Report;
    }

    function programInfo(options: Properties = {}): messages.ProgramInfo {
        return new messages.ProgramInfo()
            .setRootDirectory(folder)
            .setProgramDirectory(folder)
            .setEntryPoint("index.ts")
            .setOptions(toStruct(options));
    }

    function writeModule(name: string, content: string): void {
        const file = path.join(folder, "node_modules", name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, content);
    }

    async function start(exit: number): Promise<void> {
        const env = { ...process.env, REPORT: path.join(folder, "report.json"), EXIT: String(exit) };
        const child = spawn(host, [engine.address], { cwd: project, env, stdio: ["ignore", "pipe", "ignore"] });
        running = child;
        ended = new Promise((resolve) => child.once("exit", resolve));
        const lines = createInterface({ input: child.stdout });
        const port = await new Promise<string>((resolve) => lines.once("line", resolve));
        client = new LanguageRuntimeClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    }

    function run(request: messages.RunRequest): Promise<messages.RunResponse> {
        return new Promise((resolve, reject) =>
            client.run(request, (error, response) => (error ? reject(error) : resolve(response))),
        );
    }

    before(async () => {
        engine = await Engine.start();
    });
    beforeEach(() => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "language-host-"));
        writeModule("@pulumi/pulumi/cmd/run/index.js", entryPoint);
        writeModule("@pulumi/pulumi/cmd/run-policy-pack/index.js", entryPoint);
    });
    afterEach(async () => {
        client.close();
        running.kill();
        await ended;
        fs.rmSync(folder, { recursive: true });
    });
    after(() => engine.stop());

    test("starts the program with the arguments and variables of the official host", async () => {
        await start(0);
        const request = new messages.RunRequest()
            .setInfo(programInfo({ typescript: false, nodeargs: "--no-warnings --title='two words'" }))
            .setMonitorAddress("127.0.0.1:1")
            .setOrganization("organization")
            .setProject("fjord")
            .setStack("lab")
            .setParallel(8)
            .setDryrun(true)
            .setConfigsecretkeysList(["fjord:token"])
            .setArgsList(["extra"]);
        request.getConfigMap().set("fjord:region", "no-oslo-1").set("pulumi:disable-default-providers", '["*"]');
        const response = await run(request);
        assert.deepEqual([response.getError(), response.getBail()], ["", false]);
        const { argv, execArgv, env, cwd } = report();
        assert.deepEqual(
            argv.join(" "),
            `--monitor 127.0.0.1:1 --engine ${engine.address} --organization organization --project fjord ` +
                `--root-directory ${folder} --stack lab --pwd ${folder} --parallel 8 --dry-run index.ts extra`,
        );
        assert.deepEqual(execArgv, ["--no-warnings", "--title=two words"]);
        assert.deepEqual(JSON.parse(env.PULUMI_CONFIG ?? ""), {
            "fjord:config:region": "no-oslo-1",
            "pulumi:config:disable-default-providers": '["*"]',
        });
        assert.deepEqual(JSON.parse(env.PULUMI_CONFIG_SECRET_KEYS ?? ""), ["fjord:token"]);
        assert.equal(env.PULUMI_NODEJS_TYPESCRIPT, undefined);
        assert.equal(cwd, project);
    });

    test("lets the SDK compile TypeScript unless it is told not to, with the tsconfig that is named", async () => {
        await start(0);
        await run(new messages.RunRequest().setInfo(programInfo({ tsconfig: "other.json" })));
        const { env } = report();
        assert.deepEqual([env.PULUMI_NODEJS_TYPESCRIPT, env.PULUMI_NODEJS_TSCONFIG_PATH], ["true", "other.json"]);
    });

    for (const [exit, error, bail] of [
        [32, "", true],
        [3, "Program exited with non-zero exit code: 3", false],
    ] as const) {
        test(`a program that ends with ${exit} ${bail ? "has told its user why" : "is an error"}`, async () => {
            await start(exit);
            const response = await run(new messages.RunRequest().setInfo(programInfo()));
            assert.deepEqual([response.getError(), response.getBail()], [error, bail]);
        });
    }

    test("a wrong option and a missing SDK are errors that say so", async () => {
        await start(0);
        const wrong = await run(new messages.RunRequest().setInfo(programInfo({ nodeargs: ["--import", "tsx"] })));
        assert.match(wrong.getError(), /nodeargs option must be a string/);
        fs.rmSync(path.join(folder, "node_modules"), { recursive: true });
        const missing = await run(new messages.RunRequest().setInfo(programInfo()));
        assert.match(missing.getError(), /@pulumi\/pulumi\/cmd\/run was not found .*npm install/);
    });

    test("names the providers of the packages that the program can import", async () => {
        writeModule(
            "@pulumi/tls/package.json",
            '{ "name": "@pulumi/tls", "version": "5.6.1", "pulumi": { "resource": true } }',
        );
        writeModule(
            "@acme/x/package.json",
            '{ "version": "v1.0.0", "pulumi": { "resource": true, "name": "x", "server": "s" } }',
        );
        writeModule("plain/package.json", '{ "name": "plain", "version": "1.0.0" }');
        const inner = path.join(folder, "infra");
        fs.mkdirSync(inner);
        await start(0);
        const request = new messages.GetRequiredPackagesRequest().setInfo(programInfo().setProgramDirectory(inner));
        const response = await new Promise<messages.GetRequiredPackagesResponse>((resolve, reject) =>
            client.getRequiredPackages(request, (error, found) => (error ? reject(error) : resolve(found))),
        );
        const found = response
            .getPackagesList()
            .map((one) => [one.getKind(), one.getName(), one.getVersion(), one.getServer()]);
        assert.deepEqual(found, [
            ["resource", "x", "v1.0.0", "s"],
            ["resource", "tls", "v5.6.1", ""],
        ]);
    });

    test("starts a policy pack in its folder with the name of the stack, and passes its output on", async () => {
        await start(0);
        const request = new messages.RunPluginRequest()
            .setKind("analyzer")
            .setPwd("/")
            .setInfo(programInfo({ typescript: false }))
            .setArgsList([engine.address])
            .setEnvList([`REPORT=${path.join(folder, "report.json")}`, "EXIT=7", "WITH=a=b"]);
        const output = { stdout: "", stderr: "", code: -1 };
        await new Promise<void>((resolve, reject) => {
            const call = client.runPlugin(request);
            call.on("data", (message: messages.RunPluginResponse) => {
                const port = Buffer.from(message.getStdout_asU8()).toString();
                if (output.stdout === "" && port !== "") {
                    configureStack(Number(port)).catch(reject);
                }
                output.stdout += port;
                output.stderr += Buffer.from(message.getStderr_asU8()).toString();
                output.code = message.hasExitcode() ? message.getExitcode() : output.code;
            });
            call.on("error", reject);
            call.on("end", resolve);
        });
        assert.match(
            output.stdout,
            /^\d+\nto stdout\n$/,
            "the port of the host, and what comes after that of the pack",
        );
        assert.deepEqual([output.stderr, output.code], ["to stderr\n", 7]);
        const { argv, env, cwd } = report();
        assert.deepEqual(argv, [engine.address, folder]);
        assert.deepEqual(
            [
                env.WITH,
                env.PULUMI_NODEJS_PROJECT,
                env.PULUMI_NODEJS_STACK,
                env.PULUMI_NODEJS_DRY_RUN,
                env.PULUMI_CONFIG,
            ],
            ["a=b", "fjord", "lab", "true", '{"fjord:region":"no-oslo-1"}'],
        );
        assert.equal(fs.realpathSync(cwd), fs.realpathSync(folder));
    });

    async function configureStack(port: number): Promise<void> {
        const analyzer = new AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
        const request = new AnalyzerStackConfigureRequest().setProject("fjord").setStack("lab").setDryRun(true);
        request.getConfigMap().set("fjord:region", "no-oslo-1");
        await new Promise<void>((resolve, reject) =>
            analyzer.configureStack(request, (error) => (error ? reject(error) : resolve())),
        );
        analyzer.close();
    }

    test("ends when the engine is gone", async () => {
        const own = engine;
        engine = await Engine.start();
        await start(0);
        engine.stop();
        engine = own;
        const pause = new Promise((resolve) => setTimeout(resolve, 10_000, "still there").unref());
        assert.equal(await Promise.race([ended, pause]), 1);
    });
});
