/** The host key under the first of these names that is known at the port, in authorized_keys form. */
export type KnownHosts = (names: readonly string[], port: number) => string | undefined;

/**
 * Reads lines of known_hosts as ssh writes them, those without hashed names. Markers (@revoked, @cert-authority) are not
 * host keys and are passed over.
 */
export function parseKnownHosts(text: string): KnownHosts {
    const keys = new Map<string, string>();
    for (const line of text.split("\n")) {
        const [names = "", type, key] = line.trim().split(/\s+/);
        if (/^[#@|]/.test(names) || type === undefined || key === undefined) {
            continue;
        }
        names.split(",").filter((name) => !keys.has(name)).forEach((name) => keys.set(name, `${type} ${key}`));
    }
    return (names, port) => {
        const forms = names.map((name) => (port === 22 ? name : `[${name}]:${port}`));
        return forms.map((form) => keys.get(form)).find((key) => key !== undefined);
    };
}
