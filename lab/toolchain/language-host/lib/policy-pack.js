"use strict";

/**
 * Stands between the engine and a policy pack. A pack reads the stack's name and configuration from variables when it
 * starts, and the engine tells them only to an analyzer that is already there: so this one answers the engine's first
 * calls, and hands on all the others to the pack, which is started with what the engine said.
 */
class PolicyPackProxy {
    #attached;
    #configured;

    /** @param protocol what `loadProtocol` returns */
    constructor(protocol) {
        this.protocol = protocol;
        /** The variables of the pack; none when the engine asks for anything else first, as without a stack. */
        this.configuration = new Promise((resolve) => (this.#configured = resolve));
        this.client = new Promise((resolve, reject) => (this.#attached = { resolve, reject }));
        // Whoever waits for the pack gets the error; nobody may.
        this.client.catch(() => undefined);
    }

    /** Serves the Analyzer service, and returns the port. */
    async serve() {
        const { grpc, analyzer, analyzerService } = this.protocol;
        this.server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
        const methods = Object.entries(analyzerService.AnalyzerService);
        const handlers = methods.map(([name, method]) => [
            name,
            (call, callback) => this.#forward(method, call, callback),
        ]);
        this.server.addService(analyzerService.AnalyzerService, {
            ...Object.fromEntries(handlers),
            handshake: (_call, callback) => callback(null, new analyzer.AnalyzerHandshakeResponse()),
            configureStack: (call, callback) => {
                this.stack = call.request;
                this.#configured(variables(call.request));
                callback(null, new analyzer.AnalyzerStackConfigureResponse());
            },
        });
        return new Promise((resolve, reject) => {
            const insecure = grpc.ServerCredentials.createInsecure();
            this.server.bindAsync("127.0.0.1:0", insecure, (error, port) => (error ? reject(error) : resolve(port)));
        });
    }

    /** Hands on all calls to the pack that listens on a port of this machine. */
    attach(port) {
        const { grpc, analyzerService } = this.protocol;
        const unlimited = { "grpc.max_receive_message_length": -1 };
        const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), unlimited);
        if (this.stack === undefined) {
            this.#attached.resolve(client);
            return;
        }
        call(client, analyzerService.AnalyzerService.configureStack, this.stack, (error) => {
            // Older packs do not know the call.
            if (error && error.code !== grpc.status.UNIMPLEMENTED) {
                this.#attached.reject(error);
            } else {
                this.#attached.resolve(client);
            }
        });
    }

    /** Ends the service; whoever still waits for the pack gets an error. */
    stop() {
        this.#attached.reject({ code: this.protocol.grpc.status.UNAVAILABLE, message: "the policy pack has ended" });
        this.client.then((client) => client.close()).catch(() => undefined);
        this.server.forceShutdown();
    }

    #forward(method, { request }, callback) {
        this.#configured({});
        this.client.then((client) => call(client, method, request, callback), callback);
    }
}

function call(client, method, request, callback) {
    client.makeUnaryRequest(method.path, method.requestSerialize, method.responseDeserialize, request, callback);
}

function variables(stack) {
    return {
        PULUMI_NODEJS_ORGANIZATION: stack.getOrganization(),
        PULUMI_NODEJS_PROJECT: stack.getProject(),
        PULUMI_NODEJS_STACK: stack.getStack(),
        PULUMI_NODEJS_DRY_RUN: String(stack.getDryRun()),
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(stack.getConfigMap().toArray())),
    };
}

module.exports = { PolicyPackProxy };
