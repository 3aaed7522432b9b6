import {
    constants,
    createCipheriv,
    createDecipheriv,
    createPrivateKey,
    KeyObject,
    privateDecrypt,
    publicEncrypt,
    randomBytes,
    X509Certificate,
} from "node:crypto";

/**
 * The format of Sealed Secrets (its pkg/crypto): a session key under RSA-OAEP, the value under AES-256-GCM with it.
 *
 *     uint16 BE length of R || R || C
 *     R = RSA-OAEP(SHA-256, label)(session key)      C = AES-256-GCM(session key, zero nonce)(value) || tag
 *
 * The nonce may be zero because no session key is used twice. The label binds a value to where it may be opened.
 */

/**
 * Where a sealed value may be opened: under its name and namespace, anywhere in its namespace, anywhere in the
 * cluster.
 */
export type Scope = "strict" | "namespace-wide" | "cluster-wide";

const sessionKeyBytes = 32;
const nonce = Buffer.alloc(12);
const tagBytes = 16;
const lengthBytes = 2;

const oaep = (label: string) => ({
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: "sha256",
    oaepLabel: Buffer.from(label),
});

/** The OAEP label of a value. */
export function encryptionLabel(scope: Scope, namespace: string, name: string): string {
    return { strict: `${namespace}/${name}`, "namespace-wide": namespace, "cluster-wide": "" }[scope];
}

/**
 * The public key of the first certificate in a PEM text. Throws where there is none, where it is not RSA, and, as
 * kubeseal
 * does, where it has expired: the team has forgotten a rotation, and nobody should seal with such a key.
 */
export function sealingPublicKey(pem: string, now: Date = new Date()): KeyObject {
    let certificate: X509Certificate;
    try {
        certificate = new X509Certificate(pem);
    } catch {
        throw new Error(
            "the sealing certificate is not a certificate in PEM; give the trust stack's output sealingCertificate",
        );
    }
    if (certificate.publicKey.asymmetricKeyType !== "rsa") {
        throw new Error(
            `the sealing certificate has a key of kind ${certificate.publicKey.asymmetricKeyType}; Sealed Secrets needs RSA`,
        );
    }
    if (new Date(certificate.validTo) <= now) {
        throw new Error(
            `the sealing certificate expired on ${certificate.validTo}; add a new active sealing key to the trust stack`,
        );
    }
    return certificate.publicKey;
}

/** Seals one value; the result is base64, another one every time. */
export function sealValue(publicKey: KeyObject, label: string, value: Buffer): string {
    const sessionKey = randomBytes(sessionKeyBytes);
    const wrapped = publicEncrypt({ key: publicKey, ...oaep(label) }, sessionKey);
    const cipher = createCipheriv("aes-256-gcm", sessionKey, nonce);
    const length = Buffer.alloc(lengthBytes);
    length.writeUInt16BE(wrapped.length);
    return Buffer.concat([length, wrapped, cipher.update(value), cipher.final(), cipher.getAuthTag()]).toString(
        "base64",
    );
}

function openWith(privateKey: KeyObject, label: string, sealed: Buffer): Buffer | undefined {
    const bodyAt = lengthBytes + sealed.readUInt16BE(0);
    try {
        const sessionKey = privateDecrypt({ key: privateKey, ...oaep(label) }, sealed.subarray(lengthBytes, bodyAt));
        const decipher = createDecipheriv("aes-256-gcm", sessionKey, nonce, { authTagLength: tagBytes });
        decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
        return Buffer.concat([decipher.update(sealed.subarray(bodyAt, sealed.length - tagBytes)), decipher.final()]);
    } catch {
        return undefined;
    }
}

/**
 * Opens one value with whichever of the keys (PEM) fits. Throws where the text is no sealed value, and where no key
 * opens
 * it: another key, or another name, namespace or scope than it was sealed for, which cannot be told apart.
 */
export function openValue(privateKeys: readonly string[], label: string, sealedBase64: string): Buffer {
    const sealed = Buffer.from(sealedBase64, "base64");
    if (sealed.length < lengthBytes || sealed.length < lengthBytes + sealed.readUInt16BE(0) + tagBytes) {
        throw new Error("the sealed value is too short; it was cut, or is not a sealed value");
    }
    for (const pem of privateKeys) {
        const value = openWith(createPrivateKey(pem), label, sealed);
        if (value !== undefined) {
            return value;
        }
    }
    throw new Error(
        "no key opens the sealed value: it was sealed with another key, or for another name, namespace or scope",
    );
}
