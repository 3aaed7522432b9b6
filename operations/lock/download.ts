/** Where requests really go: base URLs by host, for a region's mirror of upstream and for tests. */
export type Detours = ReadonlyMap<string, string>;

/**
 * Longest wait for one answer, in milliseconds: a manifest is 2 MB, and a registry that hangs must not hang the
 * command.
 */
const timeout = 60_000;

/** The URL after the detours: `https://host/path` to `<base>/path`. */
export function detoured(url: string, detours: Detours): string {
    const { host, pathname, search } = new URL(url);
    const base = detours.get(host);
    return base === undefined ? url : `${base.replace(/\/$/, "")}${pathname}${search}`;
}

/**
 * One request; any answer is returned. Throws an error that names the host and the cause where none comes. `signal`
 * ends it, its body included; default: the timeout above.
 */
export async function request(
    url: string,
    detours: Detours,
    headers: Readonly<Record<string, string>> = {},
    signal: AbortSignal = AbortSignal.timeout(timeout),
): Promise<Response> {
    const target = detoured(url, detours);
    try {
        return await fetch(target, { headers, signal });
    } catch (error) {
        const cause = (error as { readonly cause?: { readonly code?: string } }).cause?.code ?? (error as Error).name;
        throw new Error(`${new URL(target).host} does not answer (${cause})`);
    }
}

/** The body of a successful answer. */
export async function download(url: string, detours: Detours): Promise<Buffer> {
    const response = await request(url, detours);
    if (!response.ok) {
        throw new Error(`${url} answers ${response.status} ${response.statusText}`);
    }
    return Buffer.from(await response.arrayBuffer());
}
