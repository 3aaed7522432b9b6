"use strict";

const { startNode } = require("./children");
const { optionVariables, parseOptions } = require("./options");
const { PolicyPackProxy } = require("./policy-pack");
const { resolveSdk } = require("./sdk");

/** What the engine calls a policy pack. */
const POLICY_PACK = "analyzer";

/**
 * Runs a plugin that is written for Node, such as a policy pack, and passes its output on to the engine.
 *
 * @param protocol what `loadProtocol` returns
 * @param {object} request the RunPluginRequest
 * @param {{ stdout: (data: Buffer) => void, stderr: (data: Buffer) => void }} output
 * @param {(stop: () => void) => void} onCancelled is given what ends the plugin when the engine does not want it any
 *     more
 * @returns {Promise<number>} the plugin's exit status
 */
async function runPlugin(protocol, request, output, onCancelled) {
    return request.getKind() === POLICY_PACK
        ? runPolicyPack(protocol, request, output, onCancelled)
        : start("run-plugin", request, output, onCancelled, { cwd: request.getPwd() });
}

async function runPolicyPack(protocol, request, output, onCancelled) {
    const proxy = new PolicyPackProxy(protocol);
    const port = await proxy.serve();
    output.stdout(Buffer.from(`${port}\n`));
    try {
        const cancelled = new Promise((resolve) => onCancelled(() => resolve(undefined)));
        const env = await Promise.race([proxy.configuration, cancelled]);
        if (env === undefined) {
            return 0;
        }
        const stdout = afterFirstLine((line) => proxy.attach(Number(line)), output.stdout);
        const cwd = request.getInfo().getProgramDirectory();
        return await start("run-policy-pack", request, { ...output, stdout }, onCancelled, { cwd, env });
    } finally {
        proxy.stop();
    }
}

/** Starts an entry point of the SDK for the plugin, and waits for its end. */
async function start(entry, request, output, onCancelled, { cwd, env = {} }) {
    const directory = request.getInfo().getProgramDirectory();
    const options = parseOptions(request.getInfo().getOptions());
    const args = request.getArgsList();
    // A policy pack gets its folder last, any other plugin first.
    const ordered = entry === "run-policy-pack" ? [...args, directory] : [directory, ...args];
    const { child, ended } = startNode(
        [...options.nodeArgs, resolveSdk(`@pulumi/pulumi/cmd/${entry}`, [directory]), ...ordered],
        {
            stdio: ["ignore", "pipe", "pipe"],
            cwd,
            env: { ...variables(request.getEnvList()), ...optionVariables(options), ...env },
        },
    );
    child.stdout.on("data", output.stdout);
    child.stderr.on("data", output.stderr);
    onCancelled(() => child.kill("SIGINT"));
    const { code } = await ended;
    return code ?? 1;
}

/** Takes the first line out of what is written, and passes the rest on. */
function afterFirstLine(takeLine, passOn) {
    let pending = Buffer.alloc(0);
    let taken = false;
    return (data) => {
        if (taken) {
            passOn(data);
            return;
        }
        pending = Buffer.concat([pending, data]);
        const end = pending.indexOf("\n");
        if (end < 0) {
            return;
        }
        taken = true;
        takeLine(pending.subarray(0, end).toString());
        if (pending.length > end + 1) {
            passOn(pending.subarray(end + 1));
        }
    };
}

function variables(list) {
    return Object.fromEntries(
        list.map((entry) => {
            const separator = entry.indexOf("=");
            return [entry.slice(0, separator), entry.slice(separator + 1)];
        }),
    );
}

module.exports = { runPlugin };
