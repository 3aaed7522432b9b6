#!/usr/bin/env -S -i /bin/bash -p
# Runs the checks of this machine and prints what they found, one JSON object a line: first the machine, then one line a
# step, on a control plane the applications of Argo CD, last how many lines that was. It is installed by drift.sh and
# started by systemd, as root, with every file system read-only but its own logs and the lock. Nothing that the caller
# says reaches it: no input, arguments or environment.
# shellcheck shell=bash
set -uo pipefail
umask 077
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
HOME=/
export PATH LC_ALL HOME
exec </dev/null

readonly FOLDER=/usr/local/lib/fjord/drift
readonly LOGS=/var/log/fjord
# Limits in seconds: of one check, of the wait for another script, of the question to the API.
readonly CHECK_LIMIT=60 LOCK_LIMIT=30 API_LIMIT=15
readonly MOST_FINDINGS=20 MOST_APPLICATIONS=500

# strings < lines: the first ones as the elements of a JSON list, each cut to 300 bytes and without control characters.
strings() {
    head -n "$1" | cut -b 1-300 | tr -d '\000-\011\013-\037\177' | sed 's/[\\"]/\\&/g; s/.*/"&"/' | paste -sd, -
}
string() { strings 1 <<<"${1//$'\n'/ }"; }

lines=0
emit() {
    lines=$((lines + 1))
    printf '%s\n' "$1"
}

# report STEP STATE SHA256 < findings: one line of the report.
report() {
    local found
    found=$(cat)
    if (($(wc -l <<<"$found") > MOST_FINDINGS)); then
        found=$(head -n $((MOST_FINDINGS - 1)) <<<"$found"; echo "and more: see $LOGS/drift-$1.log")
    fi
    if [[ -n $found ]]; then found=$(strings "$MOST_FINDINGS" <<<"$found"); fi
    emit "{\"step\":$(string "$1"),\"state\":\"$2\",\"script\":\"$3\",\"findings\":[$found]}"
}

# check FILE: runs one step's script in check mode. Its log is of its own, and begins anew each time.
check() {
    local file=$1 step script log status=0 said
    step=${file##*/}
    step=${step%.sh}
    log=$LOGS/drift-$step.log
    script=$(cat "$FOLDER/lib.sh" "$file" | sha256sum | cut -d ' ' -f 1)
    : >"$log"
    # The firewall's script asks for the port of the session that it came in by; here there is none.
    said=$(env -i PATH="$PATH" SSH_CONNECTION="- - - $port" timeout -k 5 "$CHECK_LIMIT" bash "$file" 2>&1) || status=$?
    case $status in
    0 | 10)
        # A package that waits for a roll of its own is no change to `apply`, but differs all the same.
        sed -n 's/^..:..:.. check: //p; s/^..:..:.. \(.* stays at .*\): this node is in a cluster$/\1/p' "$log" >"$scratch"
        if [[ -s $scratch || $status == 10 ]]; then
            report "$step" drift "$script" <"$scratch"
        else
            report "$step" in-sync "$script" <"$scratch"
        fi
        ;;
    20) report "$step" unknown "$script" < <(sed -n 's/^fjord: .* failed: //p; s/^  what to do: //p' <<<"$said") ;;
    124 | 137) report "$step" unknown "$script" <<<"the check did not end within $CHECK_LIMIT s" ;;
    *) report "$step" unknown "$script" <<<"the check ended with code $status" ;;
    esac
}

# The applications, as a control plane sees them. What is asked is fixed here; the kubeconfig is the node's own.
applications() {
    local answer problem rest name sync health list=''
    if ! answer=$(timeout "$API_LIMIT" kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout="${API_LIMIT}s" \
        get applications.argoproj.io --all-namespaces --no-headers \
        -o 'custom-columns=NAME:.metadata.name,SYNC:.status.sync.status,HEALTH:.status.health.status' 2>"$scratch"); then
        problem=$(tail -n 1 "$scratch")
        emit "{\"applications\":null,\"problem\":$(string "${problem:-the API did not answer within $API_LIMIT s}")}"
        return
    fi
    while read -r name sync health rest; do
        [[ -n ${health:-} ]] || continue
        list+=",{\"name\":$(string "$name"),\"sync\":$(string "$sync"),\"health\":$(string "$health")}"
    done < <(head -n "$MOST_APPLICATIONS" <<<"$answer")
    emit "{\"applications\":[${list#,}]}"
}

mkdir -p /run/fjord "$LOGS"
scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT
port=$(cat "$FOLDER/ssh-port" 2>/dev/null || true)
emit "{\"node\":$(string "$(cat "$FOLDER/node" 2>/dev/null)"),\"format\":1}"

# As every script of fjord's: one at a time on a machine.
exec 9>/run/fjord/lock
if flock -w "$LOCK_LIMIT" 9; then
    printf 'drift pid %s\n' "$$" >/run/fjord/holder
    for file in "$FOLDER"/checks/*.sh; do check "$file"; done
else
    emit "{\"busy\":$(string "$(cat /run/fjord/holder 2>/dev/null || echo unknown)")}"
fi
exec 9>&-
if [[ -e $FOLDER/control-plane ]]; then applications; fi
printf '{"lines":%s}\n' "$lines"
