/** IPv4 addresses and CIDRs as numbers: pure arithmetic, no look-ups. */

/** A range of addresses, first to last, both included. */
export interface Range {
    readonly first: number;
    readonly last: number;
    /** Length of the prefix, 0 to 32. */
    readonly prefix: number;
}

/** The address as a number; undefined where it is not four decimal octets without leading zeros. */
export function parseIpv4(text: string): number | undefined {
    if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) {
        return undefined;
    }
    const octets = text.split(".").map(Number);
    return octets.some((octet) => octet > 255) ? undefined : octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

/** The address in dotted form. */
export function formatIpv4(address: number): string {
    return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

/** The range of `address/prefix`, whether or not the address is its first; undefined where the text is no CIDR. */
export function parseCidr(text: string): Range | undefined {
    const [, base, length] = /^([^/]+)\/(0|[1-9]\d?)$/.exec(text) ?? [];
    const address = base === undefined ? undefined : parseIpv4(base);
    const prefix = Number(length);
    if (address === undefined || prefix > 32) {
        return undefined;
    }
    const size = 2 ** (32 - prefix);
    const first = Math.floor(address / size) * size;
    return { first, last: first + size - 1, prefix };
}

/** The range in CIDR form, with its first address. */
export function formatCidr(range: Range): string {
    return `${formatIpv4(range.first)}/${range.prefix}`;
}

export function overlaps(a: Range, b: Range): boolean {
    return a.first <= b.last && b.first <= a.last;
}

export function contains(range: Range, address: number): boolean {
    return range.first <= address && address <= range.last;
}
