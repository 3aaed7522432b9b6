"use strict";

const { endWithEngine, interruptAll } = require("./children");
const { requiredPackages } = require("./packages");
const { runPlugin } = require("./plugin");
const { runProgram } = require("./run");
const { loadProtocol } = require("./sdk");

/**
 * Serves the LanguageRuntime service on a free port of this machine and prints the port.
 *
 * @param {string | undefined} engineAddress where the engine listens; it can also tell it when it calls Handshake
 */
async function serve(engineAddress) {
    const protocol = loadProtocol();
    const server = new protocol.grpc.Server({ "grpc.max_receive_message_length": -1 });
    server.addService(protocol.languageService.LanguageRuntimeService, handlers(protocol, engineAddress));
    const port = await new Promise((resolve, reject) => {
        const insecure = protocol.grpc.ServerCredentials.createInsecure();
        server.bindAsync("127.0.0.1:0", insecure, (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    process.stdout.write(`${port}\n`);
}

function handlers(protocol, initialAddress) {
    const { grpc, language, plugin, empty, version } = protocol;
    let engineAddress;
    const setEngine = (address) => {
        if (engineAddress === undefined && address) {
            engineAddress = address;
            endWithEngine(address);
        }
    };
    setEngine(initialAddress);

    const refuse = (what) => (_call, callback) =>
        callback({ code: grpc.status.UNIMPLEMENTED, message: `the stand-in for pulumi-language-nodejs ${what}` });

    return {
        handshake: (call, callback) => {
            setEngine(call.request.getEngineAddress());
            callback(null, new language.LanguageHandshakeResponse());
        },
        getPluginInfo: (_call, callback) => {
            const info = new plugin.PluginInfo();
            info.setVersion(version);
            callback(null, info);
        },
        about: (_call, callback) => {
            const about = new language.AboutResponse();
            about.setExecutable(process.execPath);
            about.setVersion(process.version);
            callback(null, about);
        },
        getRequiredPackages: (call, callback) => {
            const response = new language.GetRequiredPackagesResponse();
            for (const found of requiredPackages(call.request.getInfo().getProgramDirectory())) {
                const dependency = new plugin.PackageDependency();
                dependency.setKind("resource");
                dependency.setName(found.name);
                dependency.setVersion(found.version);
                dependency.setServer(found.server);
                response.addPackages(dependency);
            }
            callback(null, response);
        },
        run: (call, callback) => {
            const onCancelled = (stop) => call.on("cancelled", stop);
            runProgram(call.request, engineAddress, onCancelled)
                .catch((error) => ({ error: error.message }))
                .then(({ error = "", bail = false }) => {
                    const response = new language.RunResponse();
                    response.setError(error);
                    response.setBail(bail);
                    callback(null, response);
                });
        },
        runPlugin: (call) => {
            const send = (set) => (value) => {
                const response = new language.RunPluginResponse();
                response[set](value);
                call.write(response);
            };
            const output = { stdout: send("setStdout"), stderr: send("setStderr") };
            runPlugin(protocol, call.request, output, (stop) => call.on("cancelled", stop)).then(
                (code) => {
                    send("setExitcode")(code);
                    call.end();
                },
                (error) => call.emit("error", { code: grpc.status.UNKNOWN, message: error.message }),
            );
        },
        cancel: (_call, callback) => {
            interruptAll();
            callback(null, new empty.Empty());
        },
        installDependencies: (call) =>
            call.emit("error", {
                code: grpc.status.UNIMPLEMENTED,
                message: "the stand-in for pulumi-language-nodejs does not install dependencies: run npm install",
            }),
        getProgramDependencies: refuse("does not list dependencies: run npm ls"),
    };
}

module.exports = { serve };
