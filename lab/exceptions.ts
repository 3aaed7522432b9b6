import { dump, load } from "js-yaml";

interface WrittenException {
    readonly resource: string;
    readonly stack?: string;
}

/** Name of the lab that the reviewed file of exceptions speaks of. */
const written = "lab";

/** The project's exceptions with those of the lab said of a lab of another name. Pure. */
export function exceptionsOf(lab: string, text: string): string {
    const exceptions = load(text) as readonly WrittenException[];
    return dump(
        exceptions.map((exception) =>
            exception.stack === written
                ? { ...exception, stack: lab, resource: exception.resource.replace(`::${written}`, `::${lab}`) }
                : exception,
        ),
    );
}
