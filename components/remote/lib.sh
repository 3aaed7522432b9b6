# Common part of every script that runs on a server. It is put before the script's own text, after its
# parameters, by script.ts; it is not run by itself.
# shellcheck shell=bash
#
# A script sees: its parameters as read-only upper-case variables (lists as arrays), and
#   MODE     apply | check   (check changes nothing and fails with exit code 10 where apply would change something)
#   NODE     the machine's full name, STEP the step's name, LOG the log file of this step.
# It reports with `fail`, changes files with `put_file`, and says `changed` after any other change it makes.
set -euo pipefail
umask 022
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

readonly EXIT_DRIFT=10 EXIT_FAILED=20 EXIT_BUSY=21
CHANGES=0

# fail WHAT DO: ends the step with an error that a person can act on.
fail() {
    trap - ERR
    printf 'fjord: %s: step %s failed: %s\n  what to do: %s\n  log: %s on %s\n' "$NODE" "$STEP" "$1" "$2" "$LOG" "$NODE" >&3
    exit "$EXIT_FAILED"
}

# The command that failed is named by the log's last lines, not by its text, which could hold a parameter.
unexpected() {
    local code=$? line=$1
    trap - ERR
    printf 'fjord: %s: step %s failed: a command on line %s ended with code %s\n' "$NODE" "$STEP" "$line" "$code" >&3
    tail -n 5 "$LOG" 2>/dev/null | sed 's/^/  | /' >&3 || true
    printf '  what to do: read the log, mend the cause, run again; the step starts over\n  log: %s on %s\n' "$LOG" "$NODE" >&3
    exit "$EXIT_FAILED"
}

say() { printf '%(%H:%M:%S)T %s\n' -1 "$*"; }

# changed WHAT: notes a change; in check mode it is drift.
changed() {
    CHANGES=$((CHANGES + 1))
    say "${MODE/apply/changed}: $1"
}

# checking: true in check mode. Use: if ! checking; then ...change...; fi
checking() { [[ $MODE == check ]]; }

# put_file PATH MODE < content: writes atomically, and only if content, mode or owner differ. Returns 0 if it changed.
put_file() {
    local path=$1 mode=$2 temporary
    if ! { temporary=$(mktemp) && cat >"$temporary"; }; then
        fail "cannot write below ${TMPDIR:-/tmp} ($(df -h --output=avail "${TMPDIR:-/tmp}" | tail -n 1 | tr -d ' ') free)" "free space, then run again"
    fi
    if [[ -f $path ]] && cmp -s "$temporary" "$path" && [[ $(stat -c %a "$path") == "${mode#0}" ]]; then
        rm -f "$temporary"
        return 1
    fi
    changed "$path"
    if checking; then
        rm -f "$temporary"
        return 0
    fi
    # Called in conditions, where `set -e` is off: every failure is caught by hand.
    if ! { mkdir -p "$(dirname "$path")" && install -m "$mode" -o root -g root "$temporary" "$path.fjord-new" && mv -f "$path.fjord-new" "$path"; }; then
        rm -f "$temporary" "$path.fjord-new"
        fail "cannot write $path ($(df -h --output=avail "$(dirname "$path")" 2>/dev/null | tail -n 1 | tr -d ' ') free there)" "free space or mend the file system, then run again"
    fi
    rm -f "$temporary"
}

# drop PATH...: removes files that should not be there.
drop() {
    local path
    for path in "$@"; do
        [[ -e $path || -L $path ]] || continue
        changed "removed $path"
        checking || rm -rf -- "$path"
    done
}

# room FOLDER...: how much is free for each, by file system: `35G free on /var, 1.2G free on /`.
room() { df -h --output=avail,target "$@" | awk 'NR > 1 && !seen[$2]++ { printf "%s%s free on %s", (NR > 2 ? ", " : ""), $1, $2 }'; }

# interrupted: true where dpkg has begun what it has not ended.
interrupted() { [[ -n $(dpkg --audit) || -n $(ls -A /var/lib/dpkg/updates) ]]; }

# mend_dpkg END: ends what a dpkg has begun that was killed. One that still works is waited for, until $SECONDS is END.
mend_dpkg() {
    while interrupted && ! dpkg --force-confold --configure -a; do
        if ((SECONDS >= $1)) || ! tail -n 5 "$LOG" | grep -q 'locked by another process'; then break; fi
        sleep 2
    done
}

# apt_get ARGS...: apt-get as it is always called here.
apt_get() {
    apt-get -q -y -o DPkg::Lock::Timeout="${APT_WAIT:-120}" -o Dpkg::Options::=--force-confold \
        -o Dpkg::Use-Pty=0 -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 "$@"
}

# unpack_again ARGS...: unpacks anew what was unpacked by half, which apt takes for the whole; in the version that is
# asked for, if it is in ARGS.
unpack_again() {
    local name argument half=()
    while read -r name; do
        for argument in "$@"; do
            if [[ $argument == "$name="* ]]; then name=$argument; fi
        done
        half+=("$name")
    done < <(dpkg-query -W -f '${db:Status-Status} ${binary:Package}\n' | sed -n 's/^half-installed //p')
    ((${#half[@]} == 0)) || apt_get install -o APT::Get::Fix-Broken=true -o APT::Get::ReInstall=true \
        --no-install-recommends --allow-downgrades --allow-change-held-packages "${half[@]}"
}

# apt ARGS...: apt-get that goes on where an earlier run was ended in the middle of it, and waits for another holder of
# its lock for a stated time, then says who holds it.
apt() {
    local status=0 end=$((SECONDS + ${APT_WAIT:-120})) mend=()
    mend_dpkg "$end"
    if interrupted; then
        # What waits for a package that was not unpacked any more gets it, or goes, with what apt is asked for.
        mend=(-o APT::Get::Fix-Broken=true)
        if [[ $1 == install ]]; then unpack_again "$@" || true; fi
    fi
    # apt itself waits for dpkg's lock, but not for that of its lists.
    while true; do
        status=0
        apt_get "$@" "${mend[@]}" || status=$?
        ((status == 0)) && return 0
        if ((SECONDS >= end)) || ! tail -n 5 "$LOG" | grep -q 'Could not get lock'; then
            break
        fi
        sleep 2
    done
    if tail -n 20 "$LOG" | grep -q 'Could not get lock\|Unable to acquire the dpkg'; then
        fail "apt is held by another process after ${APT_WAIT:-120} s ($(tail -n 20 "$LOG" | grep -o 'held by process [^.]*' | tail -n 1))" \
            "wait for it or end it (often unattended-upgrades), then run again"
    fi
    if tail -n 40 "$LOG" | grep -q 'No space left on device\|enough free space'; then
        fail "the disk is full ($(room /var/cache/apt /var/lib /usr))" "free space where there is least, then run again"
    fi
    if tail -n 40 "$LOG" | grep -q '^E: Sub-process /usr/bin/dpkg returned an error\|dpkg was interrupted'; then
        fail "dpkg does not come to an end: $(tail -n 40 "$LOG" | grep -A 1 '^dpkg: error' | head -n 2 | tr -s ' \n' ' ')" \
            "mend the package that it names (on the machine: dpkg --configure -a), then run again"
    fi
    fail "apt-get $1 ended with code $status: $(tail -n 40 "$LOG" | grep -E '^(E:|Err:)' | head -n 2 | tr '\n' ' ')" \
        "check that the apt source answers from this machine (mirrors.apt in the stack), then run again"
}

# Everything a script prints goes to its log; fd 3 is the short error text that the caller sees, fd 4 its result.
start() {
    exec 3>&2 4>&1
    mkdir -p /var/log/fjord /run/fjord || { printf 'fjord: %s: step %s failed: cannot write /var/log/fjord (%s free)\n  what to do: free space on /var, then run again\n' \
        "$NODE" "$STEP" "$(df -h --output=avail /var | tail -n 1 | tr -d ' ')" >&3; exit "$EXIT_FAILED"; }
    chmod 0700 /var/log/fjord
    exec >>"$LOG" 2>&1
    say "== $STEP $MODE"
    trap 'unexpected $LINENO' ERR
    [[ $LOCK_WAIT != none ]] || return 0
    # One script at a time on a machine: one that a killed run left behind is waited for.
    exec 9>/run/fjord/lock
    if ! flock -w "$LOCK_WAIT" 9; then
        printf 'fjord: %s: step %s failed: another fjord script still runs after %s s (%s)\n  what to do: wait for it, or look at it on the machine: fuser -v /run/fjord/lock\n  log: %s on %s\n' \
            "$NODE" "$STEP" "$LOCK_WAIT" "$(cat /run/fjord/holder 2>/dev/null || echo unknown)" "$LOG" "$NODE" >&3
        exit "$EXIT_BUSY"
    fi
    printf '%s pid %s\n' "$STEP" "$$" >/run/fjord/holder
}

finish() {
    say "== $STEP $MODE done, $CHANGES changes"
    if checking && ((CHANGES > 0)); then
        trap - ERR
        printf 'fjord: %s: step %s: drift, %s things differ\n  log: %s on %s\n' "$NODE" "$STEP" "$CHANGES" "$LOG" "$NODE" >&3
        exit "$EXIT_DRIFT"
    fi
    exit 0
}
