import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { decideInit, Holding, Observation } from "../../../components/cluster/decide";
import { memberHolding, nothing } from "./fixtures";

const region = "no-oslo-1";
const asked = (machine: string, holding: Holding): Observation => ({ machine, answered: true, holding });
const silent = (machine: string): Observation => ({ machine, answered: false, problem: "did not answer" });
const live = memberHolding({ etcdData: true, apiReady: true });
const down = memberHolding({ etcdData: true });
const interrupted: Holding = { ...nothing, started: { verb: "init", region }, etcdData: true, credentials: true };

test("a cluster begins on the first control plane where no machine holds anything", () => {
    assert.deepEqual(decideInit(region, [asked("cp-01", nothing), asked("cp-02", nothing)]), {
        do: "init",
        on: "cp-01",
        reset: [],
    });
});

test("nothing begins where any member answers, also when the first machine is new and another is off", () => {
    assert.deepEqual(decideInit(region, [asked("cp-01", nothing), asked("cp-02", live), silent("cp-03")]), {
        do: "nothing",
        from: "cp-02",
    });
});

test("a machine that holds data of a cluster that does not answer is never buried", () => {
    const decision = decideInit(region, [asked("cp-01", nothing), asked("cp-02", down)]);
    assert.equal(decision.do, "refuse");
    assert.match(decision.do === "refuse" ? decision.problem : "", /cp-02 holds etcd data/);
    assert.equal(decision.do === "refuse" && decision.mayPass, true);
});

test("an init that was interrupted is undone and started over, even where its API came up", () => {
    assert.deepEqual(decideInit(region, [asked("cp-01", interrupted), asked("cp-02", nothing)]), {
        do: "init",
        on: "cp-01",
        reset: ["cp-01"],
    });
    assert.deepEqual(decideInit(region, [asked("cp-01", { ...interrupted, apiReady: true })]), {
        do: "init",
        on: "cp-01",
        reset: ["cp-01"],
    });
});

test("an interrupted join that has etcd data may be the only copy left; without data it is undone", () => {
    const started = { verb: "join", region } as const;
    assert.equal(
        decideInit(region, [asked("cp-01", nothing), asked("cp-02", { ...nothing, started, etcdData: true })]).do,
        "refuse",
    );
    assert.deepEqual(
        decideInit(region, [asked("cp-01", nothing), asked("cp-02", { ...nothing, started, credentials: true })]),
        {
            do: "init",
            on: "cp-01",
            reset: ["cp-02"],
        },
    );
});

test("without an answer from every machine no cluster begins", () => {
    const decision = decideInit(region, [asked("cp-01", nothing), silent("cp-02")]);
    assert.equal(decision.do, "refuse");
    assert.match(decision.do === "refuse" ? decision.problem : "", /cp-02 could not be asked/);
});

test("foreign clusters and other regions' machines are refused", () => {
    assert.equal(decideInit(region, [asked("cp-01", { ...nothing, apiReady: true, credentials: true })]).do, "refuse");
    assert.equal(decideInit(region, [asked("cp-01", { ...nothing, credentials: true })]).do, "refuse");
    const other = memberHolding({ completed: { region: "se-stockholm-1", settings: "s" }, apiReady: true });
    const decision = decideInit(region, [asked("cp-01", other), asked("cp-02", live)]);
    assert.match(decision.do === "refuse" ? decision.problem : "", /cp-01 belongs to region se-stockholm-1/);
});

test("a stack without control planes is told so", () => {
    assert.equal(decideInit(region, []).do, "refuse");
});

const holdings = fc.record({
    etcdData: fc.boolean(),
    credentials: fc.boolean(),
    apiReady: fc.boolean(),
    state: fc.constantFrom("none", "init", "join", "completed"),
});

test("property: a machine with finished membership or etcd data of a join is never reset, and init never happens beside a live member", () => {
    fc.assert(
        fc.property(fc.array(holdings, { minLength: 1, maxLength: 5 }), (list) => {
            const observations = list.map(({ state, ...rest }, index) =>
                asked(`cp-${index}`, {
                    ...rest,
                    ...(state === "completed" ? { completed: { region, settings: "s" } } : {}),
                    ...(state === "init" || state === "join" ? { started: { verb: state, region } } : {}),
                }),
            );
            const decision = decideInit(region, observations);
            if (decision.do !== "init") {
                return;
            }
            list.forEach((holding, index) => {
                const holds = holding.etcdData || holding.credentials;
                if (holding.state === "completed") {
                    assert.ok(!holds && !holding.apiReady);
                }
                if (holds) {
                    assert.ok(decision.reset.includes(`cp-${index}`));
                    assert.ok(holding.state === "init" || (holding.state === "join" && !holding.etcdData));
                }
            });
        }),
    );
});
