import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Provider, type Resource } from "./provider";
import { UNKNOWN, isUnknown, names, reveal, secret, secretNames, text, type Properties } from "./values";

describe("random", () => {
    let provider: Provider;

    before(async () => {
        provider = await Provider.start("random");
    });
    after(() => provider.stop());

    /** What holds for every type: `base` makes one, `changes` are inputs that each replace it. */
    function common(type: string, base: Properties, changes: Properties, made: string[]): () => Resource {
        const resource = () => provider.resource(type);

        test("the same inputs change nothing", async () => {
            const one = await resource().create(base);
            assert.deepEqual(await resource().diff(one, base), { verb: "nothing", properties: [] });
        });
        test("keepers that come, change or go replace", async () => {
            const without = await resource().create(base);
            const kept = await resource().create({ ...base, keepers: { a: "1" } });
            const replace = { verb: "replace", properties: ["keepers"] };
            assert.deepEqual(await resource().diff(without, { ...base, keepers: { a: "1" } }), replace);
            assert.deepEqual(await resource().diff(kept, { ...base, keepers: { a: "2" } }), replace);
            assert.deepEqual(await resource().diff(kept, base), replace);
            assert.deepEqual(await resource().diff(kept, { ...base, keepers: { a: "1" } }), {
                verb: "nothing",
                properties: [],
            });
        });
        for (const [property, value] of Object.entries(changes)) {
            test(`a change of ${property} replaces`, async () => {
                const one = await resource().create(base);
                const change = await resource().diff(one, { ...base, [property]: value });
                assert.equal(change.verb, "replace");
                assert.ok(change.properties.includes(property), change.properties.join());
            });
        }
        test("a preview does not know what will be made", async () => {
            const state = await resource().preview(base);
            assert.deepEqual(
                names(state).filter((name) => isUnknown(state[name])),
                [...made].sort(),
            );
        });
        test("a secret keeper stays secret and makes nothing else secret", async () => {
            const open = await resource().create({ ...base, keepers: { a: "1" } });
            const one = await resource().create({ ...base, keepers: secret({ a: "1" }) });
            assert.deepEqual(secretNames(one.state), [...secretNames(open.state), "keepers"].sort());
        });
        test("two of them differ", async () => {
            const [a, b] = [await resource().create(base), await resource().create(base)];
            assert.notEqual(JSON.stringify(reveal(a.state)), JSON.stringify(reveal(b.state)));
        });
        test("read and delete leave it as it is", async () => {
            const one = await resource().create(base);
            assert.deepEqual(reveal((await resource().read(one)).state), reveal(one.state));
            await resource().delete(one);
        });
        return resource;
    }

    describe("random:index/randomId:RandomId", () => {
        const id = common("random:index/randomId:RandomId", { byteLength: 6 }, { byteLength: 7, prefix: "p-" }, [
            "b64Std",
            "b64Url",
            "dec",
            "hex",
        ]);

        test("has the same bytes in four notations, none of them secret", async () => {
            const made = await id().create({ byteLength: 6 });
            const bytes = Buffer.from(text(made.state.hex), "hex");
            assert.equal(bytes.length, 6);
            assert.equal(made.state.b64Std, bytes.toString("base64"));
            assert.equal(made.state.b64Url, bytes.toString("base64url"));
            assert.equal(made.state.dec, BigInt(`0x${bytes.toString("hex")}`).toString());
            assert.equal(made.id, bytes.toString("base64url"));
            assert.deepEqual(secretNames(made.state), []);
        });
        test("the prefix comes before all notations but the id", async () => {
            const made = await id().create({ byteLength: 2, prefix: "p-" });
            for (const notation of ["hex", "dec", "b64Std", "b64Url"]) {
                assert.match(text(made.state[notation]), /^p-/);
            }
            assert.doesNotMatch(made.id, /^p-/);
        });
    });

    describe("random:index/randomBytes:RandomBytes", () => {
        const bytes = common("random:index/randomBytes:RandomBytes", { length: 9 }, { length: 10 }, ["base64", "hex"]);

        test("both notations are secret; the id is one of them all the same", async () => {
            const made = await bytes().create({ length: 9 });
            assert.deepEqual(secretNames(made.state), ["base64", "hex"]);
            const raw = Buffer.from(text(made.state.hex), "hex");
            assert.equal(raw.length, 9);
            assert.equal(text(made.state.base64), raw.toString("base64"));
            assert.equal(made.id, raw.toString("base64"));
        });
        test("less than one byte is refused", async () => {
            const { failures } = await bytes().check({ length: 0 });
            assert.equal(failures.length, 1);
            assert.match(failures[0]?.join(": ") ?? "", /length.*at least 1/s);
        });
    });

    describe("random:index/randomUuid:RandomUuid", () => {
        const uuid = common("random:index/randomUuid:RandomUuid", {}, {}, ["result"]);

        test("is a UUID, which is the id too and no secret", async () => {
            const made = await uuid().create({});
            assert.match(text(made.state.result), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
            assert.equal(made.id, made.state.result);
            assert.deepEqual(secretNames(made.state), []);
        });
    });

    const textChanges = {
        length: 21,
        lower: false,
        upper: false,
        numeric: false,
        special: false,
        minLower: 1,
        minUpper: 1,
        minNumeric: 1,
        minSpecial: 1,
        overrideSpecial: "_-",
    };

    /** What holds for both kinds of text. */
    function texts(resource: () => Resource): void {
        test("the defaults are in the state, and spelling them out changes nothing", async () => {
            const made = await resource().create({ length: 20 });
            const defaults = {
                lower: true,
                upper: true,
                number: true,
                numeric: true,
                special: true,
                minLower: 0,
                minUpper: 0,
                minNumeric: 0,
                minSpecial: 0,
            };
            for (const [name, value] of Object.entries(defaults)) {
                assert.equal(made.state[name], value, name);
            }
            assert.deepEqual(await resource().diff(made, { length: 20, ...defaults }), {
                verb: "nothing",
                properties: [],
            });
        });
        test("check leaves the defaults out", async () => {
            assert.deepEqual(names((await resource().check({ length: 20 })).inputs), ["length"]);
        });
        test("classes of characters that are switched off are not used", async () => {
            const made = await resource().create({ length: 200, upper: false, numeric: false, special: false });
            assert.match(text(made.state.result), /^[a-z]{200}$/);
        });
        test("the old name of numeric still counts", async () => {
            const made = await resource().create({ length: 200, number: false, special: false });
            assert.match(text(made.state.result), /^[a-zA-Z]{200}$/);
            assert.deepEqual([made.state.number, made.state.numeric], [false, false]);
        });
        test("special signs can be chosen", async () => {
            const input = { length: 100, lower: false, upper: false, numeric: false, overrideSpecial: "_-" };
            assert.match(text((await resource().create(input)).state.result), /^[_-]{100}$/);
        });
        test("special signs are the documented ones", async () => {
            const input = { length: 500, lower: false, upper: false, numeric: false };
            const result = text((await resource().create(input)).state.result);
            assert.deepEqual([...new Set(result)].sort(), [..."!@#$%&*()-_=+[]{}<>:?"].sort());
        });
        test("at least as many of a class as is asked for", async () => {
            const input = { length: 8, minLower: 2, minUpper: 2, minNumeric: 2, minSpecial: 2 };
            const result = text((await resource().create(input)).state.result);
            for (const one of [/[a-z]/g, /[A-Z]/g, /[0-9]/g, /[^a-zA-Z0-9]/g]) {
                assert.equal(result.match(one)?.length, 2, one.source);
            }
        });
        test("a length below the sum of what is asked for is refused", async () => {
            const { failures } = await resource().check({ length: 3, minLower: 2, minUpper: 2 });
            assert.match(failures.map((failure) => failure.join(": ")).join(), /length.*at least.*sum/s);
        });
        test("a length below one is refused", async () => {
            const { failures } = await resource().check({ length: 0 });
            assert.match(failures.map((failure) => failure.join(": ")).join(), /length.*at least 1/s);
        });
        test("no characters at all are refused", async () => {
            const { failures } = await resource().check({
                length: 3,
                lower: false,
                upper: false,
                numeric: false,
                special: false,
            });
            assert.ok(failures.length > 0);
        });
        test("two words for numeric that differ are an error", async () => {
            const input = { length: 3, number: true, numeric: false };
            await assert.rejects(
                resource().create(input),
                /Number and numeric are both configured with different values/,
            );
        });
        test("a length that is not known yet is taken in a preview", async () => {
            assert.ok(isUnknown((await resource().preview({ length: UNKNOWN })).result));
        });
    }

    describe("random:index/randomString:RandomString", () => {
        const made = common("random:index/randomString:RandomString", { length: 20 }, textChanges, ["result"]);
        texts(made);

        test("is no secret, and the id too", async () => {
            const one = await made().create({ length: 20 });
            assert.deepEqual(secretNames(one.state), []);
            assert.equal(one.id, one.state.result);
        });
    });

    describe("random:index/randomPassword:RandomPassword", () => {
        const password = common("random:index/randomPassword:RandomPassword", { length: 20 }, textChanges, [
            "bcryptHash",
            "result",
        ]);
        texts(password);

        test("result and hash are secret, the id gives nothing away", async () => {
            const made = await password().create({ length: 20 });
            assert.deepEqual(secretNames(made.state), ["bcryptHash", "result"]);
            assert.match(text(made.state.bcryptHash), /^\$2a\$10\$.{53}$/);
            assert.equal(made.id, "none");
        });
        test("a password longer than bcrypt takes is made", async () => {
            const made = await password().create({ length: 100 });
            assert.equal(text(made.state.result).length, 100);
        });
    });
});
