import { Draft, fieldOr } from "../draft";
import { contains, formatCidr, parseCidr, parseIpv4, Range } from "../network";
import { formatPath } from "../problems";
import { RegionInput } from "../schema/region";
import { Problem } from "../types";
import { guestMachines } from "./machines";

type Region = Draft<RegionInput>;

export function guestNetworkGiven(region: Region): Problem[] {
    const [first] = guestMachines(region);
    return first === undefined || "guestNetwork" in region
        ? []
        : [
              {
                  path: "fjord:guestNetwork",
                  message: `is missing, and ${formatPath(["machines", first[0]])} is of kind libvirt`,
                  fix: "add guestNetwork with prefixLength, gateway and nameservers",
              },
          ];
}

/** Somebody must be able to look into a guest, and to reach the API through one. */
export function operatorKeysGiven(region: Region): Problem[] {
    const [first] = guestMachines(region);
    const keys = region.ssh?.authorizedKeys;
    return first === undefined || (keys !== undefined && keys.length > 0)
        ? []
        : [
              {
                  path: "fjord:ssh.authorizedKeys",
                  message: `is empty, and ${formatPath(["machines", first[0]])} is made by the stack, which lets in only whom it is told`,
                  fix: "add the public keys of the operators (cat ~/.ssh/id_ed25519.pub)",
              },
          ];
}

/** The guest network, by its gateway and prefix. */
function network(region: Region): Range | undefined {
    const { gateway, prefixLength } = region.guestNetwork ?? {};
    return gateway === undefined || prefixLength === undefined ? undefined : parseCidr(`${gateway}/${prefixLength}`);
}

/** What an address of a network is, where it is none that a host may have. */
function reserved(range: Range, address: number): string | undefined {
    if (address === range.first) {
        return `the address of the network ${formatCidr(range)} itself`;
    }
    return address === range.last ? `the broadcast address of ${formatCidr(range)}` : undefined;
}

export function gatewayInNetwork(region: Region): Problem[] {
    const range = network(region);
    const gateway = region.guestNetwork?.gateway;
    const what = range && gateway !== undefined ? reserved(range, parseIpv4(gateway)!) : undefined;
    return what === undefined
        ? []
        : [
              {
                  path: "fjord:guestNetwork.gateway",
                  message: `${gateway} is ${what}`,
                  fix: "write the address that the router has in it, or mend prefixLength",
              },
          ];
}

export function addressesInNetwork(region: Region): Problem[] {
    const range = network(region);
    const gateway = region.guestNetwork?.gateway;
    return guestMachines(region).flatMap(([i, { address }]) => {
        if (range === undefined || address === undefined) {
            return [];
        }
        const number = parseIpv4(address)!;
        const path = formatPath(["machines", i, "address"]);
        if (!contains(range, number)) {
            const fix = `choose an address from ${formatCidr(range)}, or mend guestNetwork`;
            return [{ path, message: `${address} is outside the guest network ${formatCidr(range)}`, fix }];
        }
        const what = address === gateway ? "the guest network's gateway" : reserved(range, number);
        return what === undefined
            ? []
            : [{ path, message: `${address} is ${what}`, fix: "choose an address that nothing has" }];
    });
}

/** Longest name of a domain: its files and its log add to it, and stay below what file systems and libvirt take. */
const longestDomain = 60;

/** `<region>-<name>` names the domain on its hypervisor. `stack` is the region's name where it gives none. */
export function domainNameLength(region: Region, stack: string): Problem[] {
    const regionName = fieldOr(region, "name", stack);
    return guestMachines(region).flatMap(([i, { name }]) => {
        const domain = `${regionName}-${name}`;
        return regionName === undefined || name === undefined || domain.length <= longestDomain
            ? []
            : [
                  {
                      path: formatPath(["machines", i, "name"]),
                      message: `makes the guest's name on its hypervisor ${domain.length} characters long: ${domain}`,
                      fix: `shorten name or fjord:name to ${longestDomain} characters in all, with the dash between them`,
                  },
              ];
    });
}
