import { utils } from "ssh2";

/** Length of an ed25519 public key in the SSH wire format: two length fields, the name, 32 bytes. */
const wireLength = 4 + "ssh-ed25519".length + 4 + 32;

/** A key pair in OpenSSH's formats. */
export interface KeyPair {
    readonly private: string;
    readonly public: string;
}

/**
 * An ed25519 key pair in OpenSSH's formats. One in 256 that ssh2 1.17 makes is malformed, because a leading zero byte
 * is lost: those are thrown away.
 */
export function keyPair(): KeyPair {
    for (;;) {
        const pair = utils.generateKeyPairSync("ed25519");
        if (Buffer.from(pair.public.split(" ")[1] ?? "", "base64").length === wireLength) {
            return pair;
        }
    }
}
