import * as fs from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import * as defaults from "../infra/config/defaults";
import { Lock } from "../infra/config/lock";
import { Detours } from "./lock/download";
import { wantedGuestImages } from "./lock/guest-images";
import { lockChanges, resolveLock } from "./lock/resolve";
import { wanted } from "./lock/wanted";

interface Options {
    readonly kubernetes: string;
    readonly debian: string;
    readonly out: string;
    readonly stacks: string;
    readonly from: Detours;
    readonly allowUnresolved?: boolean;
}

function detour(value: string, others: Detours): Detours {
    const [host, base] = value.split(/=(.*)/);
    if (!host || !base || !URL.canParse(base)) {
        throw new InvalidArgumentError("Write host=URL, e.g. registry.k8s.io=https://mirror.osl.node/k8s.");
    }
    return new Map([...others, [host, base]]);
}

/** The lock that there is, unresolved entries and all; none where there is no file. */
function previousLock(file: string): Lock | undefined {
    return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as Lock) : undefined;
}

/** Written beside and moved over, so that a run that is killed leaves the old lock whole. */
function writeAtomically(file: string, lock: Lock): void {
    const temporary = `${file}.${process.pid}.new`;
    fs.writeFileSync(temporary, `${JSON.stringify(lock, undefined, 4)}\n`);
    fs.renameSync(temporary, file);
}

async function lock(options: Options): Promise<void> {
    const previous = previousLock(options.out);
    const guestImages = wantedGuestImages(options.stacks, options.out);
    guestImages.forEach(({ name, url }) => process.stderr.write(`reading all of ${name} from ${url}\n`));
    const resolution = await resolveLock(wanted(options.kubernetes), {
        detours: options.from,
        debian: options.debian,
        guestImages,
        ...(previous && { previous }),
    });
    const { failures } = resolution;
    failures.forEach((failure) => process.stderr.write(`unresolved: ${failure}\n`));
    if (failures.length > 0 && !options.allowUnresolved) {
        process.stderr.write(
            `lock: ${failures.length} things could not be resolved; ${options.out} is as it was. Mend the cause and run again.\n`,
        );
        process.exitCode = 1;
        return;
    }
    const changes = lockChanges(previous, resolution.lock);
    if (changes.length > 0) {
        writeAtomically(options.out, resolution.lock);
    }
    process.stdout.write(
        changes.length === 0
            ? `${options.out}: nothing changed\n`
            : `${changes.join("\n")}\n${options.out}: ${changes.length} changes\n`,
    );
}

const program = new Command("lock")
    .description(
        "Pins everything that comes from upstream: package versions, image digests, checksums of files and guests' disks.",
    )
    .option("--kubernetes <version>", "version of Kubernetes", defaults.kubernetes.version)
    .option("--debian <codename>", "Debian release of the nodes; Docker's packages differ by it", defaults.debian)
    .option("--out <file>", "the lock", defaults.lock)
    .option("--stacks <folder>", "the stacks; the images of their guests are read and pinned", "stacks")
    .option(
        "--from <host=url>",
        "ask this URL instead of a host (a mirror); may be repeated",
        detour,
        new Map<string, string>(),
    )
    .option(
        "--allow-unresolved",
        "write what was resolved; the rest stays as it was, or empty, which the program refuses",
    )
    .action(lock);

program.parseAsync().catch((error: Error) => {
    process.stderr.write(`lock: ${error.message}\n`);
    process.exitCode = 1;
});
