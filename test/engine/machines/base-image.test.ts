import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { baseImageStep } from "../../../components/machines/libvirt/base-image";
import { basePath } from "../../../components/machines/libvirt/identity";
import { ScriptExit, ScriptMode, ScriptValue } from "../../../components/remote/script";
import { LockedGuestImage } from "../../../infra/config/lock";
import { Mirrors } from "../../../infra/config/types";
import { pool as existingPool, PrivateHypervisor } from "./private-hypervisor";
import type { Outcome } from "./private-root";

const plain = "http://127.0.0.1:8080";
const encrypted = "https://127.0.0.1:8443";
const pool = "/var/lib/libvirt/images/made";

/** Serves www over both, and says what it served in a file beside it. Its argument is their folder. */
const server = `
const fs = require("fs");
const folder = process.argv[1];
const serve = (request, response) => {
    fs.appendFileSync(folder + "/served", request.url + "\\n");
    const file = folder + "/www" + request.url;
    response.writeHead(fs.existsSync(file) ? 200 : 404);
    response.end(fs.existsSync(file) ? fs.readFileSync(file) : "");
};
require("http").createServer(serve).listen(8080, "127.0.0.1");
require("https").createServer({ key: fs.readFileSync(folder + "/key.pem"), cert: fs.readFileSync(folder + "/cert.pem") }, serve).listen(8443, "127.0.0.1");
`;

let hypervisor: PrivateHypervisor;

before(async () => {
    hypervisor = await PrivateHypervisor.start();
    hypervisor.run(
        `mkdir -p /run/www/images; cd /run/www
qemu-img create -q -f qcow2 good 16M; qemu-io -c 'write -P 7 0 1M' good >/dev/null
printf '\\125\\252' | dd of=raw bs=1 seek=510 status=none; truncate -s 4M raw
echo '<html>moved</html>' >page
qemu-img create -q -f qcow2 -F raw -b /etc/shadow reader
qemu-img create -q -f qcow2 -o data_file=/run/data.raw,data_file_raw=on pointer 16M
cp good images/$(sha256sum good | cut -d ' ' -f 1).qcow2
openssl req -x509 -newkey rsa:2048 -nodes -keyout /run/key.pem -out /run/cert.pem -days 2 -subj /CN=mirror -addext subjectAltName=IP:127.0.0.1 2>/dev/null`,
    );
    hypervisor.serve(server, hypervisor.file("/run"));
    hypervisor.run(`for i in $(seq 50); do curl -s -o /dev/null ${plain}/good && exit; sleep 0.1; done; exit 1`);
});
after(async () => hypervisor?.stop());

const sumOf = (file: string): string => hypervisor.run(`sha256sum /run/www/${file} | cut -d ' ' -f 1`);
const locked = (file: string): LockedGuestImage => ({ url: `${plain}/${file}`, sha256: sumOf(file), bytes: 1 });
const filesOf = (folder: string): string[] => (hypervisor.exists(folder) ? hypervisor.files(folder) : []);

/** How a test gets an image where it is not from its own URL into the pool. */
interface Options {
    readonly mode?: ScriptMode;
    readonly kill?: string;
    readonly pool?: string;
    readonly mirrors?: Pick<Mirrors, "files" | "ca">;
    readonly params?: Readonly<Record<string, ScriptValue>>;
}

function get(image: LockedGuestImage, { mirrors, params, pool: folder, ...options }: Options = {}): Outcome {
    const step = baseImageStep({ pool: folder ?? pool }, "image", { guestImages: { image } }, mirrors ?? {});
    return hypervisor.script(step.script, { ...step.params, ...params }, options);
}

function refused(image: LockedGuestImage, message: RegExp, options: Options = {}): void {
    const before = filesOf(options.pool ?? pool);
    const { code, stderr } = get(image, options);
    assert.equal(code, ScriptExit.failed, stderr);
    assert.match(stderr, message);
    assert.match(stderr, /what to do: ./);
    assert.deepEqual(filesOf(options.pool ?? pool), before, "something was left in the pool");
}

test("an image is downloaded once, and cannot be written to", () => {
    const image = locked("good");
    const base = basePath(pool, image.sha256);
    assert.equal(get(image, { mode: "check" }).code, ScriptExit.drift);
    assert.deepEqual(filesOf(pool), []);

    const { code, stdout, stderr } = get(image);
    assert.equal(code, ScriptExit.ok, stderr);
    assert.equal((JSON.parse(stdout) as { base: string }).base, base);
    assert.equal(hypervisor.run(`sha256sum ${base} | cut -d ' ' -f 1; stat -c %a ${base}; stat -c %a ${pool}`), `${image.sha256}\n444\n711`);

    hypervisor.run("rm -f /run/served");
    assert.equal(get(image).code, ScriptExit.ok);
    assert.equal(get(image, { mode: "check" }).code, ScriptExit.ok);
    assert.equal(hypervisor.exists("/run/served"), false, "it was downloaded again");
});

test("what an ended run left goes, and what it had finished counts", () => {
    const image = locked("good");
    const base = basePath(pool, image.sha256);
    hypervisor.run(`rm -f ${base} ${base}.ok; echo half >${base}.part.4711; echo half >${pool}/fjord-base-000000000000.qcow2.part.12`);
    assert.equal(get(image, { kill: "before qemu-img info" }).code, null);
    assert.equal(get(image).code, ScriptExit.ok);
    const whole = [`${base}`, `${base}.ok`].map((file) => file.slice(pool.length + 1));
    assert.deepEqual(filesOf(pool), whole);

    hypervisor.run(`rm ${base}.ok /run/served`);
    assert.equal(get(image, { mode: "check" }).code, ScriptExit.drift);
    assert.equal(get(image).code, ScriptExit.ok);
    assert.deepEqual(filesOf(pool), whole);
    assert.equal(hypervisor.exists("/run/served"), false, "it was downloaded again");
});

test("a base that somebody wrote to is not used any more", () => {
    const image = locked("good");
    const base = basePath(pool, image.sha256);
    hypervisor.run(`echo more >>${base}`);
    refused(image, /has other bytes than fjord put there \(sha256 [0-9a-f]{64}\)[^]*replace those guests/);
    hypervisor.run(`rm ${base}`);
    assert.equal(get(image).code, ScriptExit.ok);
});

test("an image from the region's mirror comes by its content, and its certificate is checked", () => {
    const image = locked("good");
    const whereabouts = { country: "NO", operator: "us" };
    const mirrors = { files: { url: encrypted, whereabouts } };
    const ca = hypervisor.run("cat /run/cert.pem");
    hypervisor.run("rm -f /run/served");
    const { code, stderr } = get(image, { pool: existingPool, mirrors: { ...mirrors, ca } });
    assert.equal(code, ScriptExit.ok, stderr);
    assert.equal(hypervisor.run("cat /run/served"), `/images/${image.sha256}.qcow2`);
    hypervisor.run(`rm ${existingPool}/*`);
    refused(image, /did not answer \(.*certificate.*\)/i, { pool: existingPool, mirrors });
});

test("a raw disk becomes qcow2, anything else is refused", () => {
    const raw = locked("raw");
    assert.equal(get(raw).code, ScriptExit.ok);
    const base = basePath(pool, raw.sha256);
    assert.match(hypervisor.run(`qemu-img info -f qcow2 ${base}`), /virtual size: 4 MiB/);
    hypervisor.run(`touch -d '-1 hour' ${base}`);
    assert.equal(get(raw).code, ScriptExit.ok, "its own checksum is not known any more");
    refused(locked("page"), /is neither qcow2 nor a disk with a partition table/);
});

test("an image that refers to a file of the hypervisor is refused", () => {
    refused(locked("reader"), /refers to another file \(backing-filename\)/);
    refused(locked("pointer"), /refers to another file \(data-file\)/);
});

test("other bytes than the lock's are refused with both checksums", () => {
    const sha256 = "ab".repeat(32);
    refused(
        { ...locked("good"), sha256 },
        new RegExp(`${plain}/good has sha256 ${sumOf("good")}, the lock says ${sha256}[^]*run npm run lock`),
    );
});

test("a URL that does not answer is said", () => {
    refused({ ...locked("good"), url: `${plain}/none`, sha256: "ab".repeat(32) }, /\/none did not answer \(.*404.*\)/);
    refused({ ...locked("good"), url: "http://127.0.0.1:1/x", sha256: "ab".repeat(32) }, /did not answer \(.*connect.*\)/i);
});

test("a pool without room is said with its figures", () => {
    hypervisor.run("mkdir /run/small; mount -t tmpfs -o size=1M fjord /run/small");
    const image = locked("good");
    refused({ ...image, bytes: 600 * 2 ** 20 }, /the pool \/run\/small is too full for the image .*: 0\.6 GiB needed, 0\.0 GiB free/, {
        pool: "/run/small",
    });
    refused(image, /the pool \/run\/small is too full for the image .*: it had \d\.\d GiB when \d\.\d GiB were left/, {
        pool: "/run/small",
    });
});
