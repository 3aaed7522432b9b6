import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Provider, type Resource } from "./provider";
import { isUnknown, secret, secretNames, type Properties } from "./values";

describe("command:local:Command", () => {
    let provider: Provider;
    let command: Resource;

    before(async () => {
        provider = await Provider.start("command");
        command = provider.resource("command:local:Command");
    });
    after(() => provider.stop());

    test("a preview runs nothing and does not know the output", async () => {
        const state = await command.preview({ create: "exit 1" });
        assert.ok(isUnknown(state.stdout) && isUnknown(state.stderr));
    });

    test("create runs the command with its stdin, environment and folder", async () => {
        const made = await command.create({
            create: 'cat; echo "$GREETING from $(pwd)"; echo err >&2',
            stdin: "in ",
            environment: { GREETING: "hello" },
            dir: "/",
        });
        assert.equal(made.state.stdout, "in hello from /");
        assert.equal(made.state.stderr, "err");
    });

    test("another interpreter runs the command", async () => {
        const made = await command.create({ create: "console.log(1 + 1)", interpreter: [process.execPath, "-e"] });
        assert.equal(made.state.stdout, "2");
    });

    test("a secret stdin makes no output secret", async () => {
        const made = await command.create({ create: "cat", stdin: secret("hidden") });
        assert.equal(made.state.stdout, "hidden");
        assert.deepEqual(secretNames(made.state), ["stdin"]);
    });

    const changes: Record<string, Properties> = {
        create: { create: "echo other" },
        update: { update: "echo other" },
        delete: { delete: "echo other" },
        stdin: { stdin: "other" },
        environment: { environment: { A: "other" } },
        dir: { dir: "/tmp" },
        interpreter: { interpreter: ["/bin/sh", "-ec"] },
        logging: { logging: "none" },
    };
    for (const [property, change] of Object.entries(changes)) {
        test(`a change of ${property} updates`, async () => {
            const base: Properties = { create: "true" };
            const made = await command.create(base);
            assert.deepEqual(await command.diff(made, { ...base, ...change }), {
                verb: "update",
                properties: [property],
            });
        });
    }

    test("triggers that come replace", async () => {
        const made = await command.create({ create: "true" });
        const change = await command.diff(made, { create: "true", triggers: [1] });
        assert.deepEqual(change, { verb: "replace", properties: ["triggers"] });
    });

    test("update runs update, or create where there is none, and gets the output of the run before", async () => {
        const made = await command.create({ create: "echo made" });
        const again = await command.update(made, { create: 'echo "again $PULUMI_COMMAND_STDOUT"' });
        assert.equal(again.state.stdout, "again made");
        const updated = await command.update(again, { create: "exit 1", update: "echo updated" });
        assert.equal(updated.state.stdout, "updated");
    });

    test("delete runs the delete command, and its failure is an error", async () => {
        await command.delete(await command.create({ create: "true" }));
        await assert.rejects(command.delete(await command.create({ delete: "exit 6" })), /exit status 6/);
    });

    test("a command that fails is an error with status, command and output, without the stdin", async () => {
        const input = { create: "cat >/dev/null; echo said; exit 3", stdin: secret("hidden-stdin") };
        await assert.rejects(command.create(input), (error: Error) => {
            assert.match(error.message, /exit status 3: running "cat >\/dev\/null; echo said; exit 3":\nsaid/);
            assert.doesNotMatch(error.message, /hidden-stdin/);
            return true;
        });
    });

    test("the function command:local:run runs its command and returns the output", async () => {
        const result = await provider.invoke("command:local:run", { command: "cat; echo err >&2", stdin: "in" });
        assert.equal(result.stdout, "in");
        assert.equal(result.stderr, "err");
        assert.equal(result.command, "cat; echo err >&2");
    });
});
