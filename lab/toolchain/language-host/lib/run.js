"use strict";

const { startNode } = require("./children");
const { optionVariables, parseOptions } = require("./options");
const { resolveSdk } = require("./sdk");

/** The status of a program that has told its user what is wrong: the engine then says nothing more. */
const EXIT_BAIL = 32;

/**
 * Runs a program to its end.
 *
 * @param {object} request the RunRequest
 * @param {string} engineAddress
 * @param {(stop: () => void) => void} onCancelled is given what ends the program when the engine does not want it any
 *     more
 * @returns {Promise<{ error?: string, bail?: boolean }>} nothing in it when the program succeeded
 */
async function runProgram(request, engineAddress, onCancelled) {
    const info = request.getInfo();
    const options = parseOptions(info.getOptions());
    const run = resolveSdk("@pulumi/pulumi/cmd/run", [info.getProgramDirectory()]);
    const { child, ended } = startNode([...options.nodeArgs, run, ...programArguments(request, engineAddress)], {
        stdio: ["ignore", "inherit", "inherit"],
        env: {
            ...process.env,
            ...optionVariables(options),
            PULUMI_CONFIG: JSON.stringify(configuration(request)),
            PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        },
    });
    onCancelled(() => child.kill("SIGINT"));
    const { code, signal } = await ended;
    if (code === 0) {
        return {};
    }
    if (code === EXIT_BAIL) {
        return { bail: true };
    }
    return {
        error:
            code === null ? `Program was ended by signal ${signal}` : `Program exited with non-zero exit code: ${code}`,
    };
}

/** The arguments of the SDK's entry point, those without a value left out. */
function programArguments(request, engineAddress) {
    const info = request.getInfo();
    const flags = {
        monitor: request.getMonitorAddress(),
        engine: engineAddress,
        organization: request.getOrganization(),
        project: request.getProject(),
        "root-directory": info.getRootDirectory(),
        stack: request.getStack(),
        pwd: info.getProgramDirectory(),
        parallel: String(request.getParallel()),
    };
    return [
        ...Object.entries(flags).flatMap(([name, value]) => (value === "" ? [] : [`--${name}`, value])),
        ...(request.getDryrun() ? ["--dry-run"] : []),
        info.getEntryPoint(),
        ...request.getArgsList(),
    ];
}

/** The stack's configuration, with keys in the notation that all SDKs read (`project:config:name`). */
function configuration(request) {
    return Object.fromEntries(
        request
            .getConfigMap()
            .toArray()
            .map(([key, value]) => [key.replace(/^([^:]+):(?:config:)?/, "$1:config:"), value]),
    );
}

module.exports = { runProgram };
