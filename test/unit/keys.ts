import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** Key pairs for tests, made anew in every run: nothing secret is ever part of the checkout. */

function pkcs1(bits: number): string {
    return generateKeyPairSync("rsa", {
        modulusLength: bits,
        privateKeyEncoding: { type: "pkcs1", format: "pem" },
        publicKeyEncoding: { type: "spki", format: "pem" },
    }).privateKey;
}

export const rsaKey = pkcs1(2048);
export const otherRsaKey = pkcs1(2048);
export const smallKey = pkcs1(1024);

/** A self-signed certificate of a key; `days` may be negative for one that has expired. */
export function certificate(privateKey: string, days: number): string {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fjord-key-"));
    try {
        const file = path.join(directory, "key.pem");
        fs.writeFileSync(file, privateKey, { mode: 0o600 });
        const end = new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]/g, "").slice(0, 14);
        const request = path.join(directory, "request.pem");
        execFileSync("openssl", ["req", "-new", "-key", file, "-subj", "/CN=test", "-out", request], { stdio: "pipe" });
        const files = {
            database: path.join(directory, "index.txt"),
            serial: path.join(directory, "serial"),
            config: path.join(directory, "ca.cnf"),
        };
        fs.writeFileSync(files.database, "");
        fs.writeFileSync(files.serial, "01\n");
        fs.writeFileSync(
            files.config,
            `[ca]\ndefault_ca=own\n[own]\ndatabase=${files.database}\nserial=${files.serial}\nnew_certs_dir=${directory}\ndefault_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n`,
        );
        return execFileSync(
            "openssl",
            [
                "ca",
                "-batch",
                "-selfsign",
                "-notext",
                "-config",
                files.config,
                "-keyfile",
                file,
                "-in",
                request,
                "-startdate",
                "20200101000000Z",
                "-enddate",
                `${end}Z`,
            ],
            { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
        );
    } finally {
        fs.rmSync(directory, { recursive: true, force: true });
    }
}

/** A certificate of an elliptic curve key, which Sealed Secrets cannot use. */
export function ecCertificate(): string {
    const { privateKey } = generateKeyPairSync("ec", {
        namedCurve: "P-256",
        privateKeyEncoding: { type: "pkcs8", format: "pem" },
        publicKeyEncoding: { type: "spki", format: "pem" },
    });
    return certificate(privateKey, 30);
}
