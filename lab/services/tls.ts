import * as fs from "node:fs";
import * as path from "node:path";
import { serviceName, type Lab, type ServiceName } from "../plan";
import { run } from "../process";

/** The lab's own certificate authority and the certificate of its services. */
export interface LabTls {
    /** PEM of the CA's certificate: what nodes trust for the mirrors, and for nothing else. */
    readonly ca: string;
    readonly certificateFile: string;
    readonly keyFile: string;
}

const httpsServices: readonly ServiceName[] = ["registry", "apt", "files"];

/** Makes the CA, and one certificate for all HTTPS services by name and by address. Kept for the lab's life. */
export async function ensureTls(lab: Lab): Promise<LabTls> {
    const dir = path.join(lab.dir, "keys", "tls");
    const at = (name: string): string => path.join(dir, name);
    if (!fs.existsSync(at("done"))) {
        fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
        const names = httpsServices.flatMap((service) => [
            `DNS:${serviceName(lab, service)}`,
            `IP:${lab.services[service]}`,
        ]);
        const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        await run("openssl", [
            "req",
            "-x509",
            ...curve,
            "-days",
            "3650",
            "-subj",
            `/CN=fjord lab ${lab.name}`,
            "-keyout",
            at("ca.key"),
            "-out",
            at("ca.crt"),
            "-addext",
            "basicConstraints=critical,CA:true",
            "-addext",
            "keyUsage=critical,keyCertSign",
        ]);
        await run("openssl", [
            "req",
            "-x509",
            ...curve,
            "-days",
            "3650",
            "-subj",
            `/CN=${lab.domain}`,
            "-keyout",
            at("services.key"),
            "-out",
            at("services.crt"),
            "-CA",
            at("ca.crt"),
            "-CAkey",
            at("ca.key"),
            "-addext",
            `subjectAltName=${names.join(",")}`,
            "-addext",
            "basicConstraints=critical,CA:false",
            "-addext",
            "extendedKeyUsage=serverAuth",
        ]);
        fs.writeFileSync(at("done"), "");
    }
    return {
        ca: fs.readFileSync(at("ca.crt"), "utf8"),
        certificateFile: at("services.crt"),
        keyFile: at("services.key"),
    };
}
