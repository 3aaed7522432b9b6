import { spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Engine, type LogMessage } from "./engine";
import { fromStruct, isSecret, names, toStruct, type Properties } from "./values";

/** Milliseconds until a provider that does not start, or a call that does not end, fails its test. */
const DEADLINE = 60_000;

type Call<Request, Response> = (
    request: Request,
    metadata: grpc.Metadata,
    options: Partial<grpc.CallOptions>,
    callback: (error: grpc.ServiceError | null, response: Response) => void,
) => grpc.ClientUnaryCall;

/** A provider plugin that runs, and the engine that it talks to. */
export class Provider {
    private acceptsSecrets = false;

    private constructor(
        private readonly process: ChildProcess,
        private readonly engine: Engine,
        private readonly client: ResourceProviderClient,
        private readonly name: string,
    ) {}

    /**
     * Starts the plugin `pulumi-resource-<name>` of the folder in FJORD_PLUGINS and configures it as an engine does.
     *
     * @throws when FJORD_PLUGINS is not set or has no such plugin: the suite says nothing about a provider unless it
     *     is told which
     */
    public static async start(name: string): Promise<Provider> {
        const folder = process.env.FJORD_PLUGINS;
        if (folder === undefined || folder === "") {
            throw new Error(
                "FJORD_PLUGINS is not set: give it the folder of the provider plugins to hold to the suite",
            );
        }
        const file = path.resolve(folder, `pulumi-resource-${name}`);
        if (!fs.existsSync(file)) {
            throw new Error(`${file} does not exist: FJORD_PLUGINS has to name a folder with the plugin`);
        }
        const engine = await Engine.start();
        const { SSH_AUTH_SOCK: _, ...environment } = process.env;
        const child = spawn(file, [engine.address], { stdio: ["ignore", "pipe", "inherit"], env: environment });
        const port = await new Promise<string>((resolve, reject) => {
            child.once("error", reject);
            child.once("exit", (code) => reject(new Error(`${file} ended with status ${code} before it served`)));
            createInterface({ input: child.stdout }).once("line", resolve);
        });
        const unlimited = { "grpc.max_receive_message_length": -1 };
        const address = `127.0.0.1:${port}`;
        const client = new ResourceProviderClient(address, grpc.credentials.createInsecure(), unlimited);
        const provider = new Provider(child, engine, client, name);
        await provider.configure();
        return provider;
    }

    /**
     * What a plugin gave back, as the engine keeps it. Where a plugin accepts no secrets, as those that are bridged from
     * Terraform, the engine marks what it gives back like what it was given (`annotateSecrets` in its provider_plugin.go).
     * @internal
     */
    public likeSecrets(given: Properties, back: Properties): Properties {
        const hidden = this.acceptsSecrets ? [] : names(given).filter((name) => isSecret(given[name]) && name in back);
        return { ...back, ...Object.fromEntries(hidden.map((name) => [name, given[name]])) } as Properties;
    }

    /** Ends the plugin and its engine. */
    public async stop(): Promise<void> {
        this.client.close();
        this.engine.stop();
        const ended = new Promise((resolve) => this.process.once("exit", resolve));
        if (this.process.exitCode === null && this.process.signalCode === null) {
            this.process.kill();
            await ended;
        }
    }

    /** What the plugin told the engine since the last call. */
    public takeMessages(): LogMessage[] {
        return this.engine.messages.splice(0);
    }

    /** One resource type of the plugin, by its token. */
    public resource(type: string): Resource {
        return new Resource(this, this.client, type);
    }

    /** The plugin's schema, parsed. */
    public async schema(): Promise<Schema> {
        const response = await this.call(this.client.getSchema, new messages.GetSchemaRequest());
        return JSON.parse(response.getSchema()) as Schema;
    }

    /** Calls a function of the plugin. */
    public async invoke(token: string, args: Properties): Promise<Properties> {
        const request = new messages.InvokeRequest().setTok(token).setArgs(toStruct(args));
        const response = await this.call(this.client.invoke, request);
        return fromStruct(response.getReturn());
    }

    /** @internal */
    public call<Request, Response>(method: Call<Request, Response>, request: Request): Promise<Response> {
        const options = { deadline: Date.now() + DEADLINE };
        return new Promise((resolve, reject) => {
            const done = (error: grpc.ServiceError | null, response: Response) =>
                error ? reject(new Error(error.details)) : resolve(response);
            method.call(this.client, request, new grpc.Metadata(), options, done);
        });
    }

    private async configure(): Promise<void> {
        const request = new messages.ConfigureRequest()
            .setArgs(toStruct({}))
            .setAcceptsecrets(true)
            .setAcceptresources(true)
            .setSendsOldInputs(true)
            .setSendsOldInputsToDelete(true)
            .setName(this.name);
        this.acceptsSecrets = (await this.call(this.client.configure, request)).getAcceptsecrets();
    }
}

/** What the suite reads of a provider's schema. */
export interface Schema {
    readonly name: string;
    readonly description?: string;
    readonly resources: Record<string, ResourceSchema>;
    readonly functions?: Record<string, unknown>;
    readonly types?: Record<string, { readonly properties?: Record<string, PropertySchema> }>;
}

export interface ResourceSchema {
    readonly inputProperties: Record<string, PropertySchema>;
    readonly requiredInputs?: readonly string[];
    readonly properties: Record<string, PropertySchema>;
}

export interface PropertySchema {
    readonly type?: string;
    readonly $ref?: string;
    readonly secret?: boolean;
    readonly default?: unknown;
}

/** A resource as the engine keeps it. */
export interface Made {
    readonly id: string;
    readonly inputs: Properties;
    readonly state: Properties;
}

/** What a change of inputs would do; the names are those of top-level properties, sorted. */
export interface Change {
    readonly verb: "nothing" | "update" | "replace";
    readonly properties: readonly string[];
}

/** One resource type; its calls follow the engine's order: check, then diff, then create or update. */
export class Resource {
    public constructor(
        private readonly provider: Provider,
        private readonly client: ResourceProviderClient,
        private readonly type: string,
    ) {}

    private get urn(): string {
        return `urn:pulumi:conformance::suite::${this.type}::subject`;
    }

    /** Checks inputs; failures are property and reason. */
    public async check(
        news: Properties,
    ): Promise<{ inputs: Properties; failures: readonly (readonly [string, string])[] }> {
        const request = new messages.CheckRequest()
            .setUrn(this.urn)
            .setOlds(toStruct({}))
            .setNews(toStruct(news))
            .setRandomseed(Buffer.alloc(32, 7));
        const response = await this.provider.call(this.client.check, request);
        const failures = response.getFailuresList().map((f) => [f.getProperty(), f.getReason()] as const);
        return { inputs: this.provider.likeSecrets(news, fromStruct(response.getInputs())), failures };
    }

    /** Checks inputs that have to be right, and makes the resource. */
    public async create(news: Properties): Promise<Made> {
        return this.make(news, false);
    }

    /** What a preview shows of a resource that is not there yet. */
    public async preview(news: Properties): Promise<Properties> {
        return (await this.make(news, true)).state;
    }

    /** What other inputs would do to a resource. */
    public async diff(made: Made, news: Properties): Promise<Change> {
        const inputs = await this.accepted(news);
        const request = new messages.DiffRequest()
            .setId(made.id)
            .setUrn(this.urn)
            .setOlds(toStruct(made.state))
            .setOldInputs(toStruct(made.inputs))
            .setNews(toStruct(inputs));
        return changeOf(await this.provider.call(this.client.diff, request));
    }

    /** Changes a resource. */
    public async update(made: Made, news: Properties): Promise<Made> {
        const inputs = await this.accepted(news);
        const request = new messages.UpdateRequest()
            .setId(made.id)
            .setUrn(this.urn)
            .setOlds(toStruct(made.state))
            .setOldInputs(toStruct(made.inputs))
            .setNews(toStruct(inputs));
        const response = await this.provider.call(this.client.update, request);
        return { id: made.id, inputs, state: this.provider.likeSecrets(inputs, fromStruct(response.getProperties())) };
    }

    /** Reads a resource anew, as a refresh does. */
    public async read(made: Made): Promise<Made> {
        const request = new messages.ReadRequest()
            .setId(made.id)
            .setUrn(this.urn)
            .setProperties(toStruct(made.state))
            .setInputs(toStruct(made.inputs));
        const response = await this.provider.call(this.client.read, request);
        return { id: response.getId(), inputs: made.inputs, state: fromStruct(response.getProperties()) };
    }

    /** Deletes a resource. */
    public async delete(made: Made): Promise<void> {
        const request = new messages.DeleteRequest()
            .setId(made.id)
            .setUrn(this.urn)
            .setProperties(toStruct(made.state))
            .setOldInputs(toStruct(made.inputs));
        await this.provider.call(this.client.delete, request);
    }

    private async accepted(news: Properties): Promise<Properties> {
        const { inputs, failures } = await this.check(news);
        if (failures.length > 0) {
            throw new Error(`inputs were refused: ${JSON.stringify(failures)}`);
        }
        return inputs;
    }

    private async make(news: Properties, preview: boolean): Promise<Made> {
        const inputs = await this.accepted(news);
        const request = new messages.CreateRequest()
            .setUrn(this.urn)
            .setProperties(toStruct(inputs))
            .setPreview(preview);
        const response = await this.provider.call(this.client.create, request);
        return { id: response.getId(), inputs, state: this.provider.likeSecrets(inputs, fromStruct(response.getProperties())) };
    }
}

function changeOf(response: messages.DiffResponse): Change {
    const { Kind } = messages.PropertyDiff;
    const replacing: readonly number[] = [Kind.ADD_REPLACE, Kind.DELETE_REPLACE, Kind.UPDATE_REPLACE];
    const changed = response.getDiffsList();
    const replaces = response.getReplacesList();
    response.getDetaileddiffMap().forEach((detail, name) => {
        changed.push(name);
        if (replacing.includes(detail.getKind())) {
            replaces.push(name);
        }
    });
    if (replaces.length > 0) {
        return { verb: "replace", properties: roots(replaces) };
    }
    const some = response.getChanges() === messages.DiffResponse.DiffChanges.DIFF_SOME;
    return { verb: some ? "update" : "nothing", properties: some ? roots(changed) : [] };
}

function roots(paths: readonly string[]): string[] {
    return [...new Set(paths.map((path) => /^[^.[]+/.exec(path)?.[0] ?? path))].sort();
}
