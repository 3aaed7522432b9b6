"use strict";

const { spawn } = require("node:child_process");
const net = require("node:net");

/** How often the engine is looked for, in milliseconds. */
const ENGINE_CHECK_INTERVAL = 2000;

/** The processes that run for the engine now. They end with this one. */
const running = new Set();

process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/**
 * Starts Node with arguments.
 *
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} options
 * @returns {{ child: import("node:child_process").ChildProcess, ended: Promise<{ code: number | null,
 *     signal: string | null }> }} `ended` is rejected when the process could not be started
 */
function startNode(args, options) {
    const child = spawn("node", args, options);
    running.add(child);
    const ended = new Promise((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code, signal) => resolve({ code, signal }));
    }).finally(() => running.delete(child));
    return { child, ended };
}

/**
 * Ends this process, and with it the programs that it runs, when the engine is gone: one that was killed tells nobody.
 *
 * @param {string} address host and port of the engine
 */
function endWithEngine(address) {
    const separator = address.lastIndexOf(":");
    const target = { host: address.slice(0, separator), port: Number(address.slice(separator + 1)) };
    setInterval(() => {
        const socket = net.connect(target, () => socket.destroy());
        socket.on("error", () => process.exit(1));
    }, ENGINE_CHECK_INTERVAL).unref();
}

/** Asks all programs to end, as Ctrl-C does. */
function interruptAll() {
    running.forEach((child) => child.kill("SIGINT"));
}

module.exports = { endWithEngine, interruptAll, startNode };
