import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { GetRootResourceResponse, LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import type { GetRootResourceRequest } from "@pulumi/pulumi/proto/engine_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";

/** One message that a provider sent to the engine. */
export interface LogMessage {
    readonly severity: "debug" | "info" | "warning" | "error";
    readonly text: string;
}

const severities = {
    [LogSeverity.DEBUG]: "debug",
    [LogSeverity.INFO]: "info",
    [LogSeverity.WARNING]: "warning",
    [LogSeverity.ERROR]: "error",
} as const;

/** What a provider needs of an engine: an address that answers, and somebody who takes its messages. */
export class Engine {
    /** All messages so far. */
    public readonly messages: LogMessage[] = [];

    private constructor(
        private readonly server: grpc.Server,
        /** Host and port. */
        public readonly address: string,
    ) {}

    /** Starts an engine on a free port of this machine. */
    public static async start(): Promise<Engine> {
        const server = new grpc.Server();
        const port = await new Promise<number>((resolve, reject) => {
            const insecure = grpc.ServerCredentials.createInsecure();
            server.bindAsync("127.0.0.1:0", insecure, (error, bound) => (error ? reject(error) : resolve(bound)));
        });
        const engine = new Engine(server, `127.0.0.1:${port}`);
        server.addService(EngineService, {
            log: (call: grpc.ServerUnaryCall<LogRequest, Empty>, callback: grpc.sendUnaryData<Empty>) => {
                const request = call.request;
                engine.messages.push({ severity: severities[request.getSeverity()], text: request.getMessage() });
                callback(null, new Empty());
            },
            getRootResource: (
                _call: grpc.ServerUnaryCall<GetRootResourceRequest, GetRootResourceResponse>,
                callback: grpc.sendUnaryData<GetRootResourceResponse>,
            ) => callback(null, new GetRootResourceResponse()),
        });
        return engine;
    }

    /** Stops the engine at once. */
    public stop(): void {
        this.server.forceShutdown();
    }
}
