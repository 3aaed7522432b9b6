import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { renderScript, ScriptExit, ScriptMode } from "../../../components/remote/script";
import { Outcome, PrivateRoot } from "../machines/private-root";

const file = path.resolve(__dirname, "../../../components/nodes/scripts/packages.sh");
const record = "/var/lib/fjord/packages.installed";
const pending = "/var/lib/fjord/packages.pending";

/** Seconds that the script waits for another apt. */
const aptWait = 20;

/** What every package here does before it is unpacked and after, so that a test can have it fail, or all of it killed. */
const maintainer = `#!/bin/bash
case $(cat /run/when-$DPKG_MAINTSCRIPT_NAME-$DPKG_MAINTSCRIPT_PACKAGE 2>/dev/null) in
kill) pkill -9 -s "$(ps -o sid= -p $$ | tr -d ' ')"; sleep 9 ;;
fail) echo "it will not"; exit 1 ;;
esac
`;

/** Builds a package, here and now. */
const build = (name: string, version: string, depends = ""): string => `
    mkdir -p /srv/build/DEBIAN /srv/repo
    printf '%s\\n' 'Package: ${name}' 'Version: ${version}' 'Architecture: all' 'Maintainer: nobody <nobody@localhost>' \\
        'Description: of a test' ${depends && `'Depends: ${depends}'`} >/srv/build/DEBIAN/control
    for part in preinst postinst; do install -m 0755 /srv/maintainer /srv/build/DEBIAN/$part; done
    dpkg-deb --build --root-owner-group /srv/build /srv/repo/${name}_${version}_all.deb
    rm -r /srv/build`;

const setup = `set -e
    rm -rf /etc/apt/sources.list.d/* /etc/apt/sources.list
    ${build("fj-runtime", "1.0", "fj-library")}
    ${build("fj-runtime", "1.1", "fj-library")}
    ${build("fj-library", "2.0")}
    ${build("fj-tool", "3.0")}
    ${build("fj-kernel", "4.0")}
    cd /srv/repo
    for file in *.deb; do
        dpkg-deb -f $file
        printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' $file $(stat -c %s $file) $(sha256sum $file | cut -d ' ' -f 1)
    done >Packages`;

/** As on a machine that is none of fjord's, with nothing interrupted. */
const bare = `rm -rf /run/when-* /var/lib/fjord
    dpkg --configure -a
    dpkg --purge --force-all fj-runtime fj-library fj-tool fj-kernel
    rm -rf /etc/apt/sources.list.d/*; exit 0`;

let machine: PrivateRoot;
before(async () => {
    machine = await PrivateRoot.start();
    machine.run("mkdir -p /srv");
    fs.writeFileSync(machine.file("/srv/maintainer"), maintainer);
    machine.run(setup);
});
beforeEach(() => machine.run(bare));
after(async () => await machine?.stop());

const params = {
    SOURCE_NAMES: ["test"],
    SOURCE_TEXTS: ["Types: deb\nURIs: file:/srv/repo\nSuites: ./\nTrusted: yes\n"],
    SOURCE_KEYS: [""],
    APT_CA: "",
    MIRROR_CA: "",
    PINNED: ["fj-runtime=1.0"],
    DISTRIBUTION: ["fj-tool"],
    APT_WAIT: aptWait,
};

function packages(mode: ScriptMode = "apply"): Outcome {
    const text = renderScript({ file, node: "cp-01", step: "packages", mode, params });
    return machine.enter(["setsid", "--wait", "bash", "-s"], text);
}

function installs(): void {
    const { code, stderr } = packages();
    assert.equal(code, ScriptExit.ok, stderr + machine.run("tail -n 40 /var/log/fjord/packages.log"));
    assert.deepEqual(present(), ["fj-library 2.0", "fj-runtime 1.0", "fj-tool 3.0"]);
    assert.equal(machine.run("dpkg --audit; ls -A /var/lib/dpkg/updates"), "");
}

/** The packages of this test that are there, whole. */
function present(): string[] {
    const lines = machine.run("dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\\n' 'fj-*' | sed -n 's/^installed //p' || true");
    return lines.split("\n").sort();
}

const recorded = (): string[] => machine.run(`sort -u ${record} 2>/dev/null || true`).split("\n").filter((line) => line !== "");

/** Lets a maintainer script of a package do that when it is called. */
const when = (script: string, does: "kill" | "fail" | "nothing"): string => machine.run(`echo ${does} >/run/when-${script}`);

/** Holds the lock of apt as apt does, with fcntl, for some seconds, and meanwhile does something; as unattended-upgrades. */
function holdApt(meanwhile = ""): void {
    const hold = [
        "use Fcntl",
        'open(F, ">>", "/var/lib/dpkg/lock-frontend") or die',
        'my $lock = pack("s s x4 q q l x4", F_WRLCK, 0, 0, 0, 0)',
        "fcntl(F, F_SETLK, $lock) or die",
        'open(R, ">", "/run/held")',
        "sleep 4",
        `$ENV{DPKG_FRONTEND_LOCKED} = 1; system("${meanwhile}") if "${meanwhile}"`,
        'unlink "/run/held"',
    ].join("; ");
    machine.run(`setsid perl -e '${hold}' </dev/null >/dev/null 2>&1 & for try in {1..50}; do [[ -e /run/held ]] && exit; sleep 0.1; done; exit 1`);
}

test("what is installed is recorded, with what it brings; what is there is neither; a second run changes nothing", () => {
    machine.run("dpkg --install /srv/repo/fj-tool_*.deb");
    installs();
    assert.deepEqual(recorded(), ["fj-library", "fj-runtime"]);
    assert.equal(packages("check").code, ScriptExit.ok);
    assert.equal(packages().code, ScriptExit.ok);
    assert.deepEqual(recorded(), ["fj-library", "fj-runtime"]);
});

test("another version of what was there is not recorded", () => {
    machine.run("dpkg --install /srv/repo/fj-library_*.deb /srv/repo/fj-runtime_1.1_all.deb");
    installs();
    assert.deepEqual(recorded(), ["fj-tool"]);
});

test("what another installs between a run that failed and the next is its own", () => {
    machine.run("mv /srv/repo/fj-library_2.0_all.deb /srv/");
    const { code, stderr } = packages();
    machine.run("mv /srv/fj-library_2.0_all.deb /srv/repo/");
    assert.equal(code, ScriptExit.failed);
    assert.match(stderr, /check that the apt source answers/);
    machine.run("dpkg --install /srv/repo/fj-kernel_*.deb /srv/repo/fj-library_*.deb");
    assert.equal(packages().code, ScriptExit.ok);
    assert.deepEqual(recorded(), ["fj-runtime", "fj-tool"]);
});

test("what another installs while apt is waited for is its own", () => {
    holdApt("dpkg --install /srv/repo/fj-kernel_4.0_all.deb /srv/repo/fj-library_2.0_all.deb");
    const { code, stderr } = packages();
    assert.equal(code, ScriptExit.ok, stderr);
    assert.deepEqual(present(), ["fj-kernel 4.0", "fj-library 2.0", "fj-runtime 1.0", "fj-tool 3.0"]);
    assert.deepEqual(recorded(), ["fj-runtime", "fj-tool"]);
});

for (const script of ["preinst", "postinst"]) {
    for (const name of ["fj-library", "fj-runtime", "fj-tool"]) {
        test(`a run that was killed in the ${script} of ${name} is gone on with, and recorded whole`, () => {
            when(`${script}-${name}`, "kill");
            assert.equal(packages().code, null);
            assert.notEqual(machine.run("dpkg --audit; ls -A /var/lib/dpkg/updates"), "", "dpkg is in the middle");
            when(`${script}-${name}`, "nothing");
            assert.equal(packages("check").code, ScriptExit.drift);
            assert.notEqual(machine.run("dpkg --audit; ls -A /var/lib/dpkg/updates"), "", "a check leaves it there");
            installs();
            assert.deepEqual(recorded(), ["fj-library", "fj-runtime", "fj-tool"]);
        });
    }
}

test("what was unpacked by half is unpacked again, also where another waits for it", () => {
    when("preinst-fj-library", "kill");
    machine.run("dpkg --unpack /srv/repo/fj-runtime_1.0_all.deb; setsid --wait dpkg --unpack /srv/repo/fj-library_*.deb; rm /run/when-*");
    // As in the middle of the files themselves: dpkg then wants the package whole before anything else.
    machine.run("dpkg --configure -a || true; sed -i 's/^Status: install ok half-installed/Status: install reinstreq half-installed/' /var/lib/dpkg/status");
    assert.match(machine.run("dpkg --audit"), /fj-library/);
    installs();
    assert.deepEqual(recorded(), ["fj-tool"]);
});

test("another dpkg that still works is waited for, and not taken for one that was interrupted", () => {
    machine.run("dpkg --unpack /srv/repo/fj-library_*.deb");
    holdApt();
    installs();
});

test("a package that does not let dpkg end its work is named, with what to do", () => {
    when("postinst-fj-library", "kill");
    assert.equal(packages().code, null);
    when("postinst-fj-library", "fail");
    const { code, stderr } = packages();
    assert.equal(code, ScriptExit.failed);
    assert.match(
        stderr,
        /^fjord: cp-01: step packages failed: dpkg does not come to an end: dpkg: error processing package fj-library .*\n {2}what to do: mend the package that it names \(on the machine: dpkg --configure -a\), then run again\n {2}log: /,
    );
    machine.run(`apt-get -q -y purge $(dpkg-query -W -f '\${Package}\\n' $(cat ${record}) 2>/dev/null | sort -u)`);
    assert.deepEqual(present(), [""], "it can be purged");
});

test("of a run of an earlier version that was ended, what was asked for is recorded", () => {
    machine.run(`mkdir -p /var/lib/fjord; dpkg-query -W -f '\${Package}\\n' | sort -u >${pending}; echo fj-old >${record}`);
    machine.run("dpkg --install /srv/repo/fj-kernel_*.deb /srv/repo/fj-library_*.deb /srv/repo/fj-runtime_1.0_all.deb");
    assert.equal(packages().code, ScriptExit.ok);
    assert.deepEqual(recorded(), ["fj-old", "fj-runtime", "fj-tool"]);
    assert.equal(machine.exists(pending), false);
});
