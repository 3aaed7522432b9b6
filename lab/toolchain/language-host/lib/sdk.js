"use strict";

const { createRequire } = require("node:module");

/**
 * Resolves a module of the Pulumi SDK as a program in a folder would.
 *
 * @param {string} name such as `@pulumi/pulumi/cmd/run`
 * @param {string[]} folders where to look, in this order
 * @returns {string} the module's file
 * @throws {Error} that says to install the dependencies, when no folder has the SDK
 */
function resolveSdk(name, folders) {
    try {
        return require.resolve(name, { paths: folders });
    } catch {
        throw new Error(`${name} was not found from ${folders.join(" or ")}: run npm install first`);
    }
}

/**
 * Loads what is needed to serve: the messages of the protocol and the gRPC library, both of the SDK that the project
 * has installed, so that they are the ones that its program uses. A project without an SDK (there is none in a folder
 * that a plugin alone is in) is served with that of this checkout.
 */
function loadProtocol() {
    const sdk = createRequire(resolveSdk("@pulumi/pulumi/package.json", [process.cwd(), __dirname]));
    return {
        grpc: sdk("@grpc/grpc-js"),
        languageService: sdk("./proto/language_grpc_pb"),
        language: sdk("./proto/language_pb"),
        plugin: sdk("./proto/plugin_pb"),
        analyzerService: sdk("./proto/analyzer_grpc_pb"),
        analyzer: sdk("./proto/analyzer_pb"),
        empty: sdk("google-protobuf/google/protobuf/empty_pb"),
        version: sdk("./package.json").version,
    };
}

module.exports = { loadProtocol, resolveSdk };
