"use strict";

/**
 * The runtime options of Pulumi.yaml that matter here.
 *
 * @param {object | undefined} struct the options as the engine sends them, a protobuf Struct
 * @returns {{ typescript: boolean, tsconfig: string, nodeArgs: string[] }} `typescript` is true by default: the SDK
 *     then compiles the program
 * @throws {Error} when an option has the wrong type
 */
function parseOptions(struct) {
    const options = struct === undefined ? {} : struct.toJavaScript();
    const { typescript = true, tsconfig = "", nodeargs = "" } = options;
    if (typeof typescript !== "boolean") {
        throw new Error("typescript option must be a boolean");
    }
    if (typeof tsconfig !== "string") {
        throw new Error("tsconfig option must be a string");
    }
    if (typeof nodeargs !== "string") {
        throw new Error("nodeargs option must be a string");
    }
    return { typescript, tsconfig, nodeArgs: splitArguments(nodeargs) };
}

/** The variables that tell the SDK how to load the program. */
function optionVariables({ typescript, tsconfig }) {
    return {
        ...(typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
        ...(tsconfig === "" ? {} : { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
    };
}

/**
 * Splits a command line into words as a shell does: words are parted by spaces, quotes and backslashes keep spaces.
 *
 * @param {string} line
 * @returns {string[]}
 */
function splitArguments(line) {
    const word = /(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs;
    const part = /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"'\\]+)/gs;
    return (line.match(word) ?? []).map((text) =>
        text.replace(
            part,
            (_, escaped, double, single, plain) => escaped ?? double?.replace(/\\(["\\])/g, "$1") ?? single ?? plain,
        ),
    );
}

module.exports = { optionVariables, parseOptions, splitArguments };
