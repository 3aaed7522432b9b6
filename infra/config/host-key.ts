/** Kinds of SSH host keys that Debian 12 and newer offer and the program accepts, with the number of fields in each. */
const fields: Readonly<Record<string, number>> = {
    "ssh-ed25519": 2,
    "ecdsa-sha2-nistp256": 3,
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
    "ssh-rsa": 3,
};

/**
 * What is wrong with a public host key in authorized_keys form (`ssh-ed25519 AAAA... [comment]`), or undefined.
 * The blob must be a sequence of length-prefixed fields (RFC 4253, 6.6) that starts with the name of its own kind and
 * ends where its last field ends, so that a key cut short by copying is found here and not by a failing login.
 */
export function hostKeyFault(text: string): string | undefined {
    if (text.includes("PRIVATE KEY")) {
        return "is a private key";
    }
    const [kind = "", blob] = text.trim().split(/\s+/);
    const expected = fields[kind];
    if (expected === undefined) {
        return `does not begin with a kind of host key (${Object.keys(fields).join(", ")})`;
    }
    if (blob === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(blob) || blob.length % 4 !== 0) {
        return `has no complete base64 text after "${kind}"`;
    }
    const bytes = Buffer.from(blob, "base64");
    const found: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
        const end = at + 4 <= bytes.length ? at + 4 + bytes.readUInt32BE(at) : Infinity;
        if (end > bytes.length) {
            return "is cut short: its last field is incomplete";
        }
        found.push(bytes.subarray(at + 4, end));
        at = end;
    }
    if (found[0]?.toString("latin1") !== kind) {
        return `says "${kind}" but its base64 text is a key of another kind`;
    }
    return found.length === expected ? undefined : `has ${found.length} fields where ${kind} has ${expected}`;
}

/** The key without its comment, so that two texts of one key compare equal. */
export function bareHostKey(text: string): string {
    return text.trim().split(/\s+/).slice(0, 2).join(" ");
}
