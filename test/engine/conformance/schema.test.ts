import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Provider, type PropertySchema, type ResourceSchema, type Schema } from "./provider";

/** Inputs as `name type`, `!` for required, `*` for secret; the outputs that are not inputs too. */
interface Expected {
    readonly inputs: string;
    readonly outputs: string;
}

const textInputs =
    "keepers object, length! integer, lower boolean, minLower integer, minNumeric integer, minSpecial integer, " +
    "minUpper integer, number boolean, numeric boolean, overrideSpecial string, special boolean, upper boolean";
const lifecycle = "create string, delete string, triggers array, update string";
const terms =
    "allowedUses! array, earlyRenewalHours integer, isCaCertificate boolean, maxPathLength integer, " +
    "setSubjectKeyId boolean, validityPeriodHours! integer";
const issued = "certPem string, readyForRenewal boolean, validityEndTime string, validityStartTime string";

const expected: Record<string, Record<string, Expected>> = {
    command: {
        "command:remote:Command": {
            inputs:
                "addPreviousOutputInEnv boolean, connection!* command:remote:Connection, environment object, " +
                `logging command:remote:Logging, stdin string, ${lifecycle}`,
            outputs: "stderr string, stdout string",
        },
    },
    random: {
        "random:index/randomBytes:RandomBytes": {
            inputs: "keepers object, length! integer",
            outputs: "base64* string, hex* string",
        },
        "random:index/randomId:RandomId": {
            inputs: "byteLength! integer, keepers object, prefix string",
            outputs: "b64Std string, b64Url string, dec string, hex string",
        },
        "random:index/randomPassword:RandomPassword": {
            inputs: textInputs,
            outputs: "bcryptHash* string, result* string",
        },
        "random:index/randomString:RandomString": { inputs: textInputs, outputs: "result string" },
        "random:index/randomUuid:RandomUuid": { inputs: "keepers object", outputs: "result string" },
    },
    tls: {
        "tls:index/certRequest:CertRequest": {
            inputs:
                "dnsNames array, ipAddresses array, privateKeyPem!* string, " +
                "subject tls:index/CertRequestSubject:CertRequestSubject, uris array",
            outputs: "certRequestPem string, keyAlgorithm string",
        },
        "tls:index/locallySignedCert:LocallySignedCert": {
            inputs: `caCertPem! string, caPrivateKeyPem!* string, certRequestPem! string, ${terms}`,
            outputs: `caKeyAlgorithm string, ${issued}`,
        },
        "tls:index/privateKey:PrivateKey": {
            inputs: "algorithm! string, ecdsaCurve string, rsaBits integer",
            outputs:
                "privateKeyOpenssh* string, privateKeyPem* string, privateKeyPemPkcs8* string, " +
                "publicKeyFingerprintMd5 string, publicKeyFingerprintSha256 string, publicKeyOpenssh string, " +
                "publicKeyPem string",
        },
        "tls:index/selfSignedCert:SelfSignedCert": {
            inputs:
                `dnsNames array, ipAddresses array, privateKeyPem!* string, setAuthorityKeyId boolean, ${terms}, ` +
                "subject tls:index/SelfSignedCertSubject:SelfSignedCertSubject, uris array",
            outputs: `keyAlgorithm string, ${issued}`,
        },
    },
};

const expectedTypes: Record<string, Record<string, string>> = {
    command: {
        "command:remote:Connection":
            "agentSocketPath string, dialErrorLimit integer = 10, host string, hostKey string, password* string, " +
            "perDialTimeout integer = 15, port number = 22, privateKey* string, privateKeyPassword* string, " +
            "proxy command:remote:ProxyConnection, user string = root",
        "command:remote:ProxyConnection":
            "agentSocketPath string, dialErrorLimit integer = 10, host string, hostKey string, password* string, " +
            "perDialTimeout integer = 15, port number = 22, privateKey* string, privateKeyPassword* string, " +
            "user string = root",
    },
    tls: {
        "tls:index/SelfSignedCertSubject:SelfSignedCertSubject":
            "commonName string, country string, emailAddress string, locality string, organization string, " +
            "organizationalUnit string, postalCode string, province string, serialNumber string, streetAddresses array",
    },
};

function sorted(list: string): string[] {
    return list.split(", ").sort();
}

function shape(name: string, property: PropertySchema, required: boolean): string {
    const type = property.type ?? property.$ref?.replace("#/types/", "") ?? "";
    return `${name}${required ? "!" : ""}${property.secret === true ? "*" : ""} ${type}`;
}

function inputsOf(resource: ResourceSchema): string[] {
    const required = resource.requiredInputs ?? [];
    return Object.entries(resource.inputProperties)
        .map(([name, property]) => shape(name, property, required.includes(name)))
        .sort();
}

function outputsOf(resource: ResourceSchema): string[] {
    return Object.entries(resource.properties)
        .filter(([name]) => !(name in resource.inputProperties))
        .map(([name, property]) => shape(name, property, false))
        .sort();
}

for (const [name, resources] of Object.entries(expected)) {
    describe(`schema of ${name}`, () => {
        let provider: Provider;
        let schema: Schema;

        before(async () => {
            provider = await Provider.start(name);
            schema = await provider.schema();
        });
        after(() => provider.stop());

        test("names the package", () => assert.equal(schema.name, name));

        for (const [token, { inputs, outputs }] of Object.entries(resources)) {
            test(token, () => {
                const resource = schema.resources[token];
                assert.ok(resource, `${token} is not served`);
                assert.deepEqual(inputsOf(resource), sorted(inputs));
                assert.deepEqual(outputsOf(resource), sorted(outputs));
                for (const [property, input] of Object.entries(resource.inputProperties)) {
                    assert.deepEqual(
                        { secret: resource.properties[property]?.secret, type: resource.properties[property]?.type },
                        { secret: input.secret, type: input.type },
                        `${property} is kept in the state as it came`,
                    );
                }
            });
        }

        for (const [token, properties] of Object.entries(expectedTypes[name] ?? {})) {
            test(token, () => {
                const type = schema.types?.[token]?.properties ?? {};
                const found = Object.entries(type).map(
                    ([property, of]) =>
                        shape(property, of, false) + (of.default === undefined ? "" : ` = ${String(of.default)}`),
                );
                assert.deepEqual(found.sort(), sorted(properties));
            });
        }
    });
}
