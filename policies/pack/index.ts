import { PolicyPack } from "@pulumi/policy";
import * as fs from "node:fs";
import * as path from "node:path";
import { covers, dayOf, parseExceptions } from "../exceptions";
import { formatProblems } from "../../infra/config/problems";
import { catalogue } from "../rules/catalogue";
import { Excepting } from "./judgements";
import { packName, policies } from "./policy";

/** The reviewed file of exceptions, beside the pack. */
const file = path.join(__dirname, "..", "exceptions.yaml");

const today = dayOf(new Date());

/** What the file of exceptions says today. @throws where it is wrong: a pack that does not load stops the run. */
function reviewedExceptions(): Excepting {
    const loaded = parseExceptions(fs.readFileSync(file, "utf8"), { file: "policies/exceptions.yaml", rules: catalogue, today });
    if (!loaded.ok) {
        throw new Error(`the exceptions are wrong, so nothing is excepted:\n${formatProblems(loaded.problems, "policies/exceptions.yaml")}`);
    }
    const valid = loaded.exceptions.filter(({ expires }) => expires >= today);
    return (rule, subject, outcome, at) => {
        // urn:pulumi:<stack>::<project>::...
        const stack = subject.resource?.urn.split(":")[2];
        const found = valid.find((one) => covers(one, { rule, subject, outcome, at, ...(stack !== undefined && { stack }) }));
        return found && `until ${found.expires}, by ${found.owner}: ${found.reason}`;
    };
}

/** The rules as a policy pack. Making it starts the server that Pulumi talks to. */
new PolicyPack(packName, { policies: policies(catalogue, today, reviewedExceptions()) });
