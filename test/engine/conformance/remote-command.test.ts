import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import * as sdk from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { Provider, type Resource } from "./provider";
import { SshServer } from "./ssh-server";
import { UNKNOWN, isSecret, isUnknown, names, reveal, secret, secretNames, text, type Properties } from "./values";

describe("command:remote:Command", () => {
    let provider: Provider;
    let command: Resource;
    let server: SshServer;

    /** Inputs for a command on the test's server, which is verified and fails after one attempt. */
    function on(extra: Properties, connection: Properties = {}): Properties {
        return {
            connection: secret({
                host: "127.0.0.1",
                port: server.port,
                user: "root",
                privateKey: server.clientKey.private,
                hostKey: server.hostKey.public,
                dialErrorLimit: 1,
                ...connection,
            }),
            ...extra,
        };
    }

    before(async () => {
        provider = await Provider.start("command");
        command = provider.resource("command:remote:Command");
        server = await SshServer.start();
    });
    afterEach(() => server.commands.splice(0));
    after(async () => {
        await provider.stop();
        await server.stop();
    });

    test("check fills in the connection's defaults and marks it as secret", async () => {
        const { inputs, failures } = await command.check({ connection: { host: "h" }, create: "true" });
        assert.deepEqual(failures, []);
        assert.ok(isSecret(inputs.connection));
        assert.deepEqual(reveal(inputs.connection), {
            host: "h",
            user: "root",
            port: 22,
            dialErrorLimit: 10,
            perDialTimeout: 15,
        });
    });

    test("check wants a connection", async () => {
        const { failures } = await command.check({ create: "true" });
        assert.deepEqual(
            failures.map(([property]) => property),
            ["connection"],
        );
    });

    test("a preview connects to nothing and does not know the output", async () => {
        const before = server.connections;
        const state = await command.preview(on({ create: "echo made" }));
        assert.ok(isUnknown(state.stdout) && isUnknown(state.stderr));
        assert.equal(state.create, "echo made");
        assert.equal(server.connections, before);
    });

    test("a preview takes a connection that is not known yet", async () => {
        const state = await command.preview({ connection: UNKNOWN, create: "echo made" });
        assert.ok(isUnknown(state.stdout));
    });

    test("create runs the command and keeps its output without the last newline", async () => {
        const made = await command.create(on({ create: "printf 'one\\ntwo\\n\\n'; echo three >&2" }));
        assert.equal(made.state.stdout, "one\ntwo\n");
        assert.equal(made.state.stderr, "three");
        assert.match(made.id, /^subject[0-9a-f]{8}$/);
        assert.deepEqual(server.commands, ["printf 'one\\ntwo\\n\\n'; echo three >&2"]);
    });

    test("create without a command connects to nothing", async () => {
        const before = server.connections;
        const made = await command.create(on({ delete: "true" }));
        assert.equal(made.state.stdout, "");
        assert.equal(server.connections, before);
    });

    test("the command reads stdin, and a secret stdin makes no output secret", async () => {
        const made = await command.create(on({ create: "cat", stdin: secret("hidden") }));
        assert.equal(made.state.stdout, "hidden");
        assert.deepEqual(secretNames(made.state), ["connection", "stdin"]);
    });

    test("a secret create makes no output secret either", async () => {
        const made = await command.create(on({ create: secret("echo x") }));
        assert.deepEqual(secretNames(made.state), ["connection", "create"]);
    });

    test("the environment reaches the command", async () => {
        const made = await command.create(on({ create: 'echo "$GREETING"', environment: { GREETING: "hello" } }));
        assert.equal(made.state.stdout, "hello");
    });

    test("a variable that the server refuses is an error that names it", async () => {
        await assert.rejects(
            command.create(on({ create: "true", environment: { REFUSED: "s3cret" } })),
            (error: Error) => {
                assert.match(error.message, /could not set environment variable "REFUSED"/);
                assert.doesNotMatch(error.message, /s3cret/);
                return true;
            },
        );
        assert.deepEqual(server.commands, []);
    });

    const changes: Record<string, Properties> = {
        create: { create: "echo other" },
        update: { update: "echo other" },
        delete: { delete: "echo other" },
        stdin: { stdin: "other" },
        environment: { environment: { GREETING: "other" } },
        logging: { logging: "none" },
        addPreviousOutputInEnv: { addPreviousOutputInEnv: false },
    };
    for (const [property, change] of Object.entries(changes)) {
        test(`a change of ${property} updates`, async () => {
            const base = on({ create: "true", triggers: ["a"] });
            const made = await command.create(base);
            assert.deepEqual(await command.diff(made, { ...base, ...change }), {
                verb: "update",
                properties: [property],
            });
        });
    }

    test("a change of the connection updates", async () => {
        const made = await command.create(on({ create: "true" }));
        const change = await command.diff(made, on({ create: "true" }, { perDialTimeout: 20 }));
        assert.deepEqual(change, { verb: "update", properties: ["connection"] });
    });

    test("the same inputs change nothing", async () => {
        const base = on({ create: "true", triggers: ["a"], environment: { GREETING: "x" } });
        const made = await command.create(base);
        assert.deepEqual(await command.diff(made, base), { verb: "nothing", properties: [] });
    });

    test("triggers that come or go replace", async () => {
        const made = await command.create(on({ create: "true" }));
        const change = await command.diff(made, on({ create: "true", triggers: ["a"] }));
        assert.deepEqual(change, { verb: "replace", properties: ["triggers"] });
    });

    test("an element of triggers that changes updates, says the provider; replaces, says the SDK", async () => {
        const made = await command.create(on({ create: "true", triggers: ["a"] }));
        const change = await command.diff(made, on({ create: "true", triggers: ["b"] }));
        assert.deepEqual(change, { verb: "update", properties: ["triggers"] });
        assert.deepEqual(await replaceOnChangesOfSdk(), ["triggers[*]"]);
    });

    test("update runs update, or create where there is none", async () => {
        const made = await command.create(on({ create: "echo made" }));
        const again = await command.update(made, on({ create: "echo again" }));
        assert.equal(again.state.stdout, "again");
        const updated = await command.update(again, on({ create: "echo again", update: "echo updated" }));
        assert.equal(updated.state.stdout, "updated");
        assert.deepEqual(server.commands, ["echo made", "echo again", "echo updated"]);
    });

    test("an update that fails is an error", async () => {
        const made = await command.create(on({ create: "echo made" }));
        await assert.rejects(command.update(made, on({ create: "exit 4" })), /status 4/);
    });

    test("the next command gets the output of the one before, unless it is told not to", async () => {
        const show = 'echo "$PULUMI_COMMAND_STDOUT/$PULUMI_COMMAND_STDERR"';
        const made = await command.create(on({ create: "echo out; echo err >&2" }));
        assert.equal((await command.update(made, on({ create: show }))).state.stdout, "out/err");
        const without = await command.update(made, on({ create: show, addPreviousOutputInEnv: false }));
        assert.equal(without.state.stdout, "/");
    });

    test("delete runs the delete command of the state with its connection", async () => {
        const made = await command.create(on({ create: "echo made", delete: 'echo "gone $PULUMI_COMMAND_STDOUT"' }));
        await command.delete(made);
        assert.deepEqual(server.commands, ["echo made", 'echo "gone $PULUMI_COMMAND_STDOUT"']);
    });

    test("delete without a delete command connects to nothing", async () => {
        const made = await command.create(on({ create: "true" }));
        const before = server.connections;
        await command.delete(made);
        assert.equal(server.connections, before);
    });

    test("a delete command that fails is an error", async () => {
        const made = await command.create(on({ delete: "exit 5" }));
        await assert.rejects(command.delete(made), /status 5/);
    });

    test("read gives the state back as it is", async () => {
        const made = await command.create(on({ create: "echo made" }));
        const again = await command.read(made);
        assert.equal(again.id, made.id);
        assert.deepEqual(names(again.state), names(made.state));
        assert.equal(again.state.stdout, "made");
    });

    for (const [logging, shown] of Object.entries({
        "": ["out", "err"],
        stdoutAndStderr: ["out", "err"],
        stdout: ["out"],
        stderr: ["err"],
        none: [],
    })) {
        test(`logging ${logging === "" ? "left out" : logging} shows ${shown.join(" and ") || "nothing"}`, async () => {
            provider.takeMessages();
            const create = "echo out; echo err >&2";
            const made = await command.create(on(logging === "" ? { create } : { create, logging }));
            const lines = provider.takeMessages().map((message) => message.text.trim());
            assert.deepEqual(lines.filter((line) => line === "out" || line === "err").sort(), [...shown].sort());
            assert.deepEqual([text(made.state.stdout), text(made.state.stderr)], ["out", "err"]);
        });
    }
});

/** The properties of which the SDK says that any change replaces: the provider alone does not say it of elements. */
async function replaceOnChangesOfSdk(): Promise<readonly string[]> {
    await pulumi.runtime.setMocks({ newResource: ({ name }) => ({ id: name, state: {} }), call: () => ({}) });
    let asked: readonly string[] = [];
    const look: pulumi.ResourceTransformation = ({ opts }) => {
        asked = (opts as pulumi.CustomResourceOptions).replaceOnChanges ?? [];
        return undefined;
    };
    new sdk.remote.Command("any", { connection: { host: "127.0.0.1" } }, { transformations: [look] });
    return asked;
}
