import assert from "node:assert/strict";
import { X509Certificate, createPrivateKey, generateKeyPairSync } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Provider, type Resource } from "./provider";
import { UNKNOWN, isSecret, isUnknown, names, reveal, secretNames, text, type Properties } from "./values";

function privateKey(): string {
    return generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

const key = privateKey();
const subject = { commonName: "authority", organization: "Nordic", country: "NO", streetAddresses: ["Storgata 1"] };
const asAuthority = {
    privateKeyPem: key,
    subject,
    allowedUses: ["cert_signing", "crl_signing"],
    validityPeriodHours: 1000,
    isCaCertificate: true,
};
const asRequest = {
    privateKeyPem: key,
    subject: { commonName: "server" },
    dnsNames: ["a.test", "b.test"],
    ipAddresses: ["10.0.0.1", "fd00::1"],
    uris: ["spiffe://lab/server"],
};

function hoursBetween(start: string, end: string): number {
    return (Date.parse(end) - Date.parse(start)) / 3_600_000;
}

describe("tls certificates", () => {
    let provider: Provider;
    let selfSigned: Resource;
    let request: Resource;
    let signed: Resource;
    let asSigned: Properties;

    before(async () => {
        provider = await Provider.start("tls");
        selfSigned = provider.resource("tls:index/selfSignedCert:SelfSignedCert");
        request = provider.resource("tls:index/certRequest:CertRequest");
        signed = provider.resource("tls:index/locallySignedCert:LocallySignedCert");
        asSigned = {
            caCertPem: text((await selfSigned.create(asAuthority)).state.certPem),
            caPrivateKeyPem: key,
            certRequestPem: text((await request.create(asRequest)).state.certRequestPem),
            allowedUses: ["server_auth", "digital_signature"],
            validityPeriodHours: 100,
        };
    });
    after(() => provider.stop());

    describe("tls:index/selfSignedCert:SelfSignedCert", () => {
        test("is an authority with the subject that was asked for", async () => {
            const made = await selfSigned.create(asAuthority);
            const certificate = new X509Certificate(text(made.state.certPem));
            assert.deepEqual(certificate.subject.split("\n").sort(), [
                "C=NO",
                "CN=authority",
                "O=Nordic",
                "street=Storgata 1",
            ]);
            assert.equal(certificate.issuer, certificate.subject);
            assert.ok(certificate.ca);
            assert.ok(certificate.verify(certificate.publicKey));
            assert.ok(certificate.checkPrivateKey(createPrivateKey(key)));
            assert.equal(BigInt(`0x${certificate.serialNumber}`).toString(), made.id);
        });
        test("its times are in the state", async () => {
            const { state } = await selfSigned.create(asAuthority);
            const [start, end] = [text(state.validityStartTime), text(state.validityEndTime)];
            assert.ok(Math.abs(Date.parse(start) - Date.now()) < 60_000);
            assert.equal(hoursBetween(start, end), 1000);
            const certificate = new X509Certificate(text(state.certPem));
            assert.equal(Date.parse(certificate.validTo), Math.floor(Date.parse(end) / 1000) * 1000);
        });
        test("only the private key is secret; the defaults are in the state", async () => {
            const { state } = await selfSigned.create(asAuthority);
            assert.deepEqual(secretNames(state), ["privateKeyPem"]);
            assert.deepEqual(
                [
                    state.earlyRenewalHours,
                    state.setSubjectKeyId,
                    state.setAuthorityKeyId,
                    state.readyForRenewal,
                    state.keyAlgorithm,
                ],
                [0, false, false, false, "ED25519"],
            );
            assert.equal(reveal(state.maxPathLength), null);
        });
        test("check marks the private key as secret and leaves the defaults out", async () => {
            const { inputs } = await selfSigned.check(asAuthority);
            assert.ok(isSecret(inputs.privateKeyPem));
            assert.deepEqual(names(inputs), Object.keys(asAuthority).sort());
        });
        test("names and uses get into the certificate", async () => {
            const { subject: _, ...rest } = asRequest;
            const made = await selfSigned.create({ ...rest, allowedUses: ["server_auth"], validityPeriodHours: 1 });
            const certificate = new X509Certificate(text(made.state.certPem));
            assert.equal(
                certificate.subjectAltName,
                "DNS:a.test, DNS:b.test, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1, URI:spiffe://lab/server",
            );
            assert.deepEqual(certificate.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
            assert.ok(!certificate.ca);
        });
        for (const [title, flags, subjectKey, authorityKey] of [
            ["no key identifiers of its own accord", {}, false, false],
            ["a subject key identifier", { setSubjectKeyId: true }, true, false],
            ["both identifiers", { setSubjectKeyId: true, setAuthorityKeyId: true }, true, true],
        ] as const) {
            test(`a certificate of a server has ${title}`, async () => {
                const made = await selfSigned.create({
                    privateKeyPem: key,
                    subject,
                    allowedUses: ["server_auth"],
                    validityPeriodHours: 1,
                    ...flags,
                });
                const der = new X509Certificate(text(made.state.certPem)).raw.toString("hex");
                assert.equal(der.includes("0603551d0e"), subjectKey);
                assert.equal(der.includes("0603551d23"), authorityKey);
            });
        }
        test("an authority without a subject is an error", async () => {
            const { subject: _, ...nameless } = asAuthority;
            await assert.rejects(selfSigned.create(nameless), /must contain at least one Distinguished Name/i);
        });
        test("a private key that is none is an error that does not show it", async () => {
            await assert.rejects(
                selfSigned.create({ ...asAuthority, privateKeyPem: "my-private-text" }),
                (error: Error) => {
                    assert.match(error.message, /failed to parse private key PEM/i);
                    assert.doesNotMatch(error.message, /my-private-text/);
                    return true;
                },
            );
        });
        test("an address that is none is an error that names it", async () => {
            await assert.rejects(selfSigned.create({ ...asAuthority, ipAddresses: ["10.0.0.999"] }), /10\.0\.0\.999/);
        });
        replaces(
            () => selfSigned,
            () => asAuthority,
            {
                privateKeyPem: privateKey(),
                subject: { commonName: "another" },
                allowedUses: ["cert_signing"],
                validityPeriodHours: 1001,
                isCaCertificate: false,
                setSubjectKeyId: true,
                setAuthorityKeyId: true,
                dnsNames: ["a.test"],
                ipAddresses: ["10.0.0.1"],
                uris: ["spiffe://lab/x"],
                maxPathLength: 1,
            },
        );
        renews(
            () => selfSigned,
            () => asAuthority,
        );
    });

    describe("tls:index/certRequest:CertRequest", () => {
        test("only the private key is secret", async () => {
            const made = await request.create(asRequest);
            assert.deepEqual(secretNames(made.state), ["privateKeyPem"]);
            assert.match(
                text(made.state.certRequestPem),
                /^-----BEGIN CERTIFICATE REQUEST-----\n[^]*-----END CERTIFICATE REQUEST-----\n$/,
            );
            assert.equal(made.state.keyAlgorithm, "ED25519");
            assert.match(made.id, /^[0-9a-f]{40}$/);
        });
        replaces(
            () => request,
            () => asRequest,
            {
                privateKeyPem: privateKey(),
                subject: { commonName: "another" },
                dnsNames: ["a.test"],
                ipAddresses: ["10.0.0.2"],
                uris: ["spiffe://lab/x"],
            },
        );
        test("a preview does not know the request", async () => {
            const state = await request.preview({ ...asRequest, privateKeyPem: UNKNOWN });
            assert.ok(isUnknown(state.certRequestPem));
            assert.deepEqual(state.dnsNames, asRequest.dnsNames);
        });
    });

    describe("tls:index/locallySignedCert:LocallySignedCert", () => {
        test("is signed by the authority for what the request asks for", async () => {
            const made = await signed.create(asSigned);
            const certificate = new X509Certificate(text(made.state.certPem));
            const authority = new X509Certificate(text(asSigned.caCertPem));
            assert.equal(certificate.subject, "CN=server");
            assert.equal(certificate.issuer, authority.subject);
            assert.ok(certificate.verify(authority.publicKey) && certificate.checkIssued(authority));
            assert.match(
                certificate.subjectAltName ?? "",
                /DNS:a\.test.*IP Address:10\.0\.0\.1.*URI:spiffe:\/\/lab\/server/,
            );
            assert.deepEqual(certificate.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
            assert.equal(BigInt(`0x${certificate.serialNumber}`).toString(), made.id);
            assert.equal(hoursBetween(text(made.state.validityStartTime), text(made.state.validityEndTime)), 100);
        });
        test("only the authority's private key is secret", async () => {
            const { state } = await signed.create(asSigned);
            assert.deepEqual(secretNames(state), ["caPrivateKeyPem"]);
            assert.equal(state.caKeyAlgorithm, "ED25519");
            assert.deepEqual(
                [state.earlyRenewalHours, state.isCaCertificate, state.readyForRenewal],
                [0, false, false],
            );
        });
        test("a request that is none is an error", async () => {
            await assert.rejects(
                signed.create({ ...asSigned, certRequestPem: text(asSigned.caCertPem) }),
                /failed to parse certificate request PEM[^]*expected "CERTIFICATE REQUEST", got "CERTIFICATE"/i,
            );
        });
        replaces(
            () => signed,
            () => asSigned,
            {
                allowedUses: ["client_auth"],
                validityPeriodHours: 101,
                isCaCertificate: true,
                setSubjectKeyId: true,
                maxPathLength: 0,
            },
        );
        renews(
            () => signed,
            () => asSigned,
        );
    });
});

/** States that each change alone replaces, and that the same inputs change nothing. */
function replaces(resource: () => Resource, base: () => Properties, changes: Properties): void {
    test("the same inputs change nothing", async () => {
        const made = await resource().create(base());
        assert.deepEqual(await resource().diff(made, base()), { verb: "nothing", properties: [] });
        assert.deepEqual(reveal((await resource().read(made)).state), reveal(made.state));
        await resource().delete(made);
    });
    for (const [property, value] of Object.entries(changes)) {
        test(`a change of ${property} replaces`, async () => {
            const made = await resource().create(base());
            const change = await resource().diff(made, { ...base(), [property]: value });
            assert.equal(change.verb, "replace");
            assert.ok(change.properties.includes(property), change.properties.join());
        });
    }
}

/** States when a certificate is renewed. */
function renews(resource: () => Resource, base: () => Properties): void {
    test("a change of earlyRenewalHours alone updates, and the certificate stays", async () => {
        const made = await resource().create(base());
        const news = { ...base(), earlyRenewalHours: 1 };
        const change = await resource().diff(made, news);
        assert.equal(change.verb, "update");
        assert.ok(change.properties.includes("earlyRenewalHours"));
        const updated = await resource().update(made, news);
        assert.equal(updated.state.certPem, made.state.certPem);
        assert.deepEqual([updated.state.earlyRenewalHours, updated.state.readyForRenewal], [1, false]);
        assert.deepEqual(await resource().diff(updated, news), { verb: "nothing", properties: [] });
    });
    test("a certificate whose time has come is replaced, also when nothing else changed", async () => {
        const made = await resource().create(base());
        const past = new Date(Date.now() - 3_600_000).toISOString().replace(/\.\d+Z$/, "Z");
        const old = { ...made, state: { ...made.state, validityEndTime: past } };
        const change = await resource().diff(old, base());
        assert.equal(change.verb, "replace");
        assert.ok(change.properties.includes("readyForRenewal"), change.properties.join());
        assert.equal((await resource().read(old)).state.readyForRenewal, true);
    });
    test("within the hours of early renewal it is replaced", async () => {
        const made = await resource().create(base());
        const soon = new Date(Date.now() + 5 * 3_600_000).toISOString().replace(/\.\d+Z$/, "Z");
        const old = { ...made, state: { ...made.state, validityEndTime: soon } };
        assert.equal((await resource().diff(old, { ...base(), earlyRenewalHours: 4 })).verb, "update");
        assert.equal((await resource().diff(old, { ...base(), earlyRenewalHours: 6 })).verb, "replace");
    });
    test("one that is never fresh says so at once", async () => {
        const made = await resource().create({ ...base(), validityPeriodHours: 2, earlyRenewalHours: 2 });
        assert.equal(made.state.readyForRenewal, true);
    });
    test("uses that are not known and a negative time are refused", async () => {
        const { failures } = await resource().check({
            ...base(),
            allowedUses: ["everything"],
            validityPeriodHours: -1,
        });
        const reasons = failures.map((failure) => failure.join(": ")).join();
        assert.match(reasons, /must be one of.*everything/s);
        assert.match(reasons, /must be at least 0/);
    });
    test("a preview does not know the certificate but all that it is for", async () => {
        const state = await resource().preview(base());
        assert.ok(["certPem", "validityStartTime", "validityEndTime"].every((name) => isUnknown(state[name])));
        assert.deepEqual([state.earlyRenewalHours, state.setSubjectKeyId, state.readyForRenewal], [0, false, false]);
    });
}
