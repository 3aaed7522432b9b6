import { createPrivateKey, createPublicKey, KeyObject, X509Certificate } from "node:crypto";
import * as defaults from "../defaults";
import { Draft, entriesOf } from "../draft";
import { bareHostKey } from "../host-key";
import { formatPath, Path, shown } from "../problems";
import { RegionInput } from "../schema/region";
import { TrustInput } from "../schema/trust";
import { readText } from "../text-file";
import { Problem } from "../types";
import { repetitions } from "./machines";

/** A key that may only ask must not be one that may log in, and each is named once. */
export function driftKeys(region: Draft<RegionInput>): Problem[] {
    const operators = new Set(entriesOf(region.ssh?.authorizedKeys).map(([, key]) => bareHostKey(key)));
    const keys = entriesOf(region.ssh?.driftKeys).map(([i, key]) => ({
        path: ["ssh", "driftKeys", i] as Path,
        key: bareHostKey(key),
    }));
    return [
        ...repetitions(
            keys,
            (_key, first) => `is also ${first}`,
            "name every key once",
        ),
        ...keys
            .filter(({ key }) => operators.has(key))
            .map(({ path }) => ({
                path: formatPath(path),
                message: "is also in fjord:ssh.authorizedKeys: whoever holds it could change the machines",
                fix: "give the drift job a key of its own: ssh-keygen -t ed25519 -f drift",
            })),
    ];
}

/** The public keys of apt repositories and the mirrors' CA: there, readable, and of the right kind. */
export function publicTexts(region: Draft<RegionInput>, directory: string): Problem[] {
    const apt = (["kubernetes", "containerd"] as const).flatMap((name) => {
        const key = region.mirrors?.apt?.[name]?.key;
        const fetch = defaults.upstreamApt[name].fetchKey;
        const path = ["mirrors", "apt", name, "key"];
        return key === undefined
            ? []
            : armourProblems(
                  path,
                  key,
                  directory,
                  (file) =>
                      `${fetch} -o ${file}, and compare its fingerprint (gpg --show-keys) with what upstream publishes`,
              );
    });
    const ca = region.mirrors?.ca;
    return ca === undefined ? apt : [...apt, ...caProblems(["mirrors", "ca"], ca, directory)];
}

function armourProblems(path: Path, text: string, directory: string, fetch: (file: string) => string): Problem[] {
    const key = readText(text, directory);
    const at = { path: formatPath(path) };
    if ("missing" in key) {
        return [{ ...at, message: `${key.missing} cannot be read`, fix: fetch(key.missing) }];
    }
    return /^-----BEGIN PGP PUBLIC KEY BLOCK-----[^]+-----END PGP PUBLIC KEY BLOCK-----\s*$/.test(key.text.trimStart())
        ? []
        : [
              {
                  ...at,
                  message: `${shown(text, path)} is not an ASCII-armoured public key`,
                  fix: "give the text between BEGIN and END PGP PUBLIC KEY BLOCK, both lines included, or file:<path>; convert a binary key with gpg --enarmor",
              },
          ];
}

function caProblems(path: Path, text: string, directory: string): Problem[] {
    const ca = readText(text, directory);
    const at = { path: formatPath(path) };
    if ("missing" in ca) {
        return [{ ...at, message: `${ca.missing} cannot be read`, fix: "put the CA's certificate there, PEM" }];
    }
    const certificate = certificateOf(ca.text);
    if (certificate?.ca) {
        return [];
    }
    return [
        {
            ...at,
            message: certificate
                ? "is a certificate, but not of a CA"
                : `${shown(text, path)} is not a certificate in PEM`,
            fix: "give the certificate of the CA that signs the mirrors' certificates",
        },
    ];
}

function certificateOf(pem: string): X509Certificate | undefined {
    try {
        return new X509Certificate(pem);
    } catch {
        return undefined;
    }
}

function privateKeyOf(pem: string): KeyObject | undefined {
    try {
        return createPrivateKey(pem);
    } catch {
        return undefined;
    }
}

/** Least size of an RSA key that may be supplied; kubeseal's own keys have 4096 bits. */
const leastBits = 2048;

function suppliedProblems(
    path: Path,
    supplied: { readonly privateKey?: string; readonly certificate?: string },
    active: boolean,
    now: Date,
): Problem[] {
    const key = supplied.privateKey === undefined ? undefined : privateKeyOf(supplied.privateKey);
    const certificate = supplied.certificate === undefined ? undefined : certificateOf(supplied.certificate);
    const at = (field: string) => formatPath([...path, field]);
    const problems: Problem[] = [];
    if (
        supplied.privateKey !== undefined &&
        (key?.asymmetricKeyType !== "rsa" || (key.asymmetricKeyDetails?.modulusLength ?? 0) < leastBits)
    ) {
        const what = key
            ? `is a key of kind ${key.asymmetricKeyType}, ${key.asymmetricKeyDetails?.modulusLength ?? "unknown"} bits`
            : "is not an unencrypted private key in PEM";
        problems.push({
            path: at("privateKey"),
            message: what,
            fix: `give an RSA key of at least ${leastBits} bits; the Sealed Secrets controller ends at any other`,
        });
    } else if (key && certificate && !createPublicKey(key).equals(certificate.publicKey)) {
        problems.push({
            path: at("certificate"),
            message: "belongs to another private key: what is sealed with it could never be opened",
            fix: "give the certificate that was made with this private key",
        });
    }
    if (supplied.certificate !== undefined && !certificate) {
        problems.push({
            path: at("certificate"),
            message: "is not a certificate in PEM",
            fix: "give the text between BEGIN and END CERTIFICATE, both lines included",
        });
    } else if (certificate && active && new Date(certificate.validTo) <= now) {
        problems.push({
            path: at("certificate"),
            message: `expired on ${certificate.validTo}: nothing can be sealed with it`,
            fix: "mark the key retired and add a new active one",
        });
    }
    return problems;
}

export function sealingKeys(trust: Draft<TrustInput>, now: Date): Problem[] {
    const keys = entriesOf(trust.sealingKeys);
    const states = (trust.sealingKeys ?? []).map((key) => key?.state);
    const active = states.filter((state) => state === "active").length;
    const wrongCount = states.length > 0 && !states.includes(undefined) && active !== 1;
    return [
        ...repetitions(
            keys.flatMap(([i, { name }]) =>
                name === undefined ? [] : [{ path: ["sealingKeys", i, "name"], key: name }],
            ),
            (key, first) => `"${key}" is also the name of ${first.replace(/\.name$/, "")}`,
            "give every key a name of its own, such as sealed-secrets-key-<yyyymmdd>",
        ),
        ...(wrongCount
            ? [
                  {
                      path: "fjord:sealingKeys",
                      message: `has ${active} active keys`,
                      fix: "mark exactly one key active (new secrets are sealed with it) and the others retired",
                  },
              ]
            : []),
        ...keys.flatMap(([i, { supplied, state }]) =>
            supplied ? suppliedProblems(["sealingKeys", i, "supplied"], supplied, state === "active", now) : [],
        ),
    ];
}
