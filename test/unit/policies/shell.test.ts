import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { processesOf, scriptIn, variablesIn } from "../../../policies/rules/secrets/shell";

/** The variables that a list of processes shows while a script runs. */
const shown = (script: string): readonly string[] => processesOf(script).flatMap((words) => words.flatMap(variablesIn));

test("what a program is given as an argument is shown", () => {
    for (const script of [
        "redis-server --requirepass $P",
        'redis-server --requirepass "$P"',
        "redis-server --requirepass ${P:-none}",
        'exec redis-server --requirepass "${P}"',
        'set -eu; cd /srv && curl -u "web:$P" https://db',
        'if mysqladmin -p"$P" ping; then exit 0; fi',
        "until ! redis-cli -a $P ping\ndo sleep 1\ndone",
        "HOST=db PORT=5 mysql -p$P",
        'token=$(curl -d "password=$P" https://login)',
        'echo "$(curl -u "web:$P" https://db)"',
        "echo `curl -u $P https://db`",
        "(cd /srv; wget --password=$P https://db)",
        "mysql -p$P < dump.sql > out.txt 2>&1",
        "mysql >&2 -p$P",
        "cat <<EOF > conf\nuser=web\nEOF\nmysql -p$P",
        "mysql \\\n  -p$P",
        'echo "it\'s"; mysql -p$P',
        "case $MODE in a) mysql -p$P ;; esac",
        "(echo start) && mysql -p$P",
        "echo $((1 + 2)); mysql -p$P",
    ]) {
        assert.deepEqual(shown(script), ["P"], script);
    }
});

test("what a shell keeps to itself is not shown", () => {
    for (const script of [
        'echo "requirepass $P" > conf && exec redis-server conf',
        "printf '%s' \"$P\" | docker login --password-stdin",
        'export PGPASSWORD="$P"; psql',
        "PGPASSWORD=$P psql",
        'test -n "$P" || exit 1',
        '[ -n "${P}" ] && echo set',
        "redis-server conf <<< \"$P\"",
        "cat > conf <<EOF\nredis-server $P\nEOF\nredis-server conf",
        "cat > conf <<-'EOF'\n\tpassword $P\n\tEOF\nredis-server conf",
        "redis-server --name 'a$P'",
        "redis-server --name \\$P",
        "redis-server --length ${#P} ${P:+--secured}",
        "# mysql -p$P\nmysql",
        "echo $((1 + 2)) $P",
        "echo >&2 $P",
        "redis-server conf > $P 2>&1",
        "redis-server conf >>$P",
        'if ! [ -n "$P" ]; then echo "$P" > conf; fi',
        "case $P in a) true ;; esac",
        'for word in $P; do read -r line; done',
        "redis-server $PORT",
    ]) {
        assert.deepEqual(shown(script).filter((name) => name === "P"), [], script);
    }
});

test("property: reading a script ends, whatever it is", () => {
    const piece = fc.constantFrom("$P", "$(", ")", "(", "`", '"', "'", "\\", "${", "}", "#", "<<EOF", "EOF", ">", "&", ";", "|", "\n", " ", "a", "case");
    fc.assert(
        fc.property(fc.array(piece), (pieces) => {
            const script = pieces.join("");
            for (const word of processesOf(script).flat()) {
                assert.ok(word.length <= script.length);
            }
        }),
    );
});

test("a shell's script is found among the words of a command", () => {
    const cases: readonly (readonly [readonly string[], number | undefined])[] = [
        [["sh", "-c", "script"], 2],
        [["/bin/bash", "-euo", "pipefail", "-c", "script", "name"], 4],
        [["bash", "-o", "pipefail", "-ec", "script"], 4],
        [["tini", "--", "/bin/sh", "-ec", "script"], 4],
        [["sh", "/scripts/start.sh"], undefined],
        [["sh", "-e", "start.sh", "-c"], undefined],
        [["redis-server", "-c", "conf"], undefined],
        [["sh", "-c"], undefined],
        [[], undefined],
    ];
    for (const [words, index] of cases) {
        assert.equal(scriptIn(words), index, words.join(" "));
    }
});
