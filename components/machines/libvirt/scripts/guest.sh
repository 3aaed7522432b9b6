# One guest of a hypervisor. A guest is a domain with a fixed UUID and our metadata, its disk (an overlay of a base), and
# until it has booted for the first time a seed. What is not ours is never touched.
# Parameters: VERB, REGION, DOMAIN, UUID, GUEST (its name in the stack), DISK, SEED, CONSOLE (paths), and
#   create   XML, BASE, DISK_GIB, MEMORY (MiB), BRIDGE, SPEC, SYSTEM (hash of what it is installed with), USER_DATA,
#            META_DATA, NETWORK_CONFIG, BOOT_LIMIT (seconds that a first boot may take), SHUTDOWN_WAIT
#   settle   FINAL_XML: the first boot is over, the seed goes
#   change   DISK_GIB, IOPS, BYTES_PER_SECOND (0: no limit), AUTOSTART: what needs no restart
#   restart  XML, FINAL_XML, MEMORY, BRIDGE, SPEC, SHUTDOWN_WAIT (seconds for each way of asking the guest to stop)
#   delete   SHUTDOWN_WAIT
# While a guest is not settled, `<disk>.creating` says so. A run that was ended leaves it there, and the next one begins
# that guest again; no run waits for a guest to boot.
# shellcheck shell=bash

readonly NAMESPACE=https://fjord.dev/libvirt/1 MARKER=$DISK.creating
# Below /run, because the seed's texts hold the guest's private host key. What a killed run left goes.
rm -rf /run/fjord/guest.*
work=$(mktemp -d /run/fjord/guest.XXXXXX)
trap 'rm -rf "$work"' EXIT

vir() { timeout 60 virsh -q -c qemu:///system "$@"; }
# The last words of a command that failed; libvirt says `error: ` twice.
words() { tr -c '[:print:]\n' ' ' <"$work/words" | sed 's/^error: //' | grep -v '^ *$' | tail -n 1 | cut -c 1-300 || true; }
# try COMMAND...: keeps its words.
try() { "$@" >"$work/words" 2>&1; }

domains=$(vir list --all --name 2>"$work/words") || fail "libvirt does not answer: $(words)" \
    "start it on the hypervisor (systemctl enable --now libvirtd), then run again"
# fact NAME: from our metadata in the domain's lasting definition; live_fact: in that of the running guest.
read_fact() { vir metadata "$DOMAIN" "$NAMESPACE" "${@:2}" 2>/dev/null | grep -oE "<([a-z]+:)?$1>[^<]*" | sed 's/.*>//' || true; }
fact() { read_fact "$1" --config; }
live_fact() { read_fact "$1" --live; }
# running: of a domain that exists. No answer is not taken for "off": disks are removed by it.
running() {
    local now
    now=$(vir domstate "$DOMAIN" 2>"$work/words") || fail "libvirt does not say how $DOMAIN is: $(words)" \
        "look at it on the hypervisor (virsh domstate $DOMAIN), then run again"
    [[ $now != "shut off" && $now != crashed ]]
}

# absent or ours; a foreign domain ends the step.
state=absent
if grep -qxF -- "$DOMAIN" <<<"$domains"; then
    state=ours
    uuid=$(vir domuuid "$DOMAIN")
    region=$(fact region)
    if [[ $uuid != "$UUID" || $region != "$REGION" ]]; then
        fail "the name $DOMAIN is taken by a domain that is not this stack's (uuid $uuid, $(if [[ -n $region ]]; then echo "region $region"; else echo "made without fjord"; fi))" \
            "ask who runs it (virsh dumpxml $DOMAIN); give the guest another name, or have that domain removed"
    fi
elif other=$(vir domname "$UUID" 2>/dev/null) && [[ -n $other ]]; then
    fail "the uuid $UUID of the guest $GUEST belongs to the domain $other" \
        "somebody renamed or copied the guest: rename it back (virsh domrename $other $DOMAIN), or have it removed"
fi
require_guest() {
    [[ $state == ours ]] || fail "there is no domain $DOMAIN on this hypervisor" \
        "somebody removed it: have it made anew (pulumi up --replace with the URN of its domain)"
}

# The marker: whose guest it is, how far it came (making, booting), of which inputs, and what to remove.
mark() {
    printf '%s\n' "$DOMAIN" "$UUID" "$REGION" "$GUEST" "$1" "$inputs" "$SEED" "$CONSOLE" >"$MARKER.new"
    mv -f "$MARKER.new" "$MARKER"
}
marked=()
if [[ -e $MARKER ]]; then
    mapfile -t marked <"$MARKER"
    [[ ${marked[1]:-} == "$UUID" && ${marked[2]:-} == "$REGION" ]] ||
        fail "$MARKER is of another stack (region ${marked[2]:-unknown})" "ask who made it; two stacks must not share a region's name"
fi

virtual_size() { qemu-img info -U -f qcow2 --output=json "$1" | sed -nE 's/^    "virtual-size": ([0-9]+),?$/\1/p'; }
mebibytes() { awk -v bytes="$1" 'BEGIN { printf "%d MiB", bytes / 2 ^ 20 }'; }

# define XML: libvirt checks it first; where it refuses, the old definition stays.
define() {
    printf '%s\n' "$1" >"$work/domain.xml"
    try vir define --validate "$work/domain.xml" || fail "libvirt refuses the definition of $DOMAIN: $(words)" \
        "nothing that runs was changed; check the hypervisor's versions (virsh version --daemon) against its preflight"
}

# autostart on|off
autostart() {
    local now
    now=$(vir dominfo "$DOMAIN" | sed -n 's/^Autostart: *enable.*/on/p; s/^Autostart: *disable.*/off/p')
    [[ $now != "$1" ]] || return 0
    changed "autostart of $DOMAIN $1"
    checking && return
    if [[ $1 == on ]]; then vir autostart "$DOMAIN"; else vir autostart "$DOMAIN" --disable; fi
}

# The bridge that the guest is going to hang on.
require_bridge() {
    [[ -n $(ip -o link show dev "$BRIDGE" type bridge 2>/dev/null || true) ]] || fail "there is no bridge $BRIDGE on this hypervisor" \
        "make it, with the server's own address and its network card as a port (ip link add $BRIDGE type bridge; and the same in the network's configuration), or correct bridge in fjord:hypervisors"
}

# Memory is never promised twice: not beyond what the guests that run may take, and not beyond what is free now.
# What this guest has itself, where it runs, comes free when it is stopped.
require_memory() {
    local total available promised own
    total=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
    available=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
    read -r promised own < <(vir domstats --balloon --list-running | awk -v name="'$DOMAIN'" -F '[ =]+' '
        $1 == "Domain:" { mine = $2 == name }
        $2 == "balloon.maximum" { if (mine) own += $3; else promised += $3 }
        END { print int(promised / 1024), int(own / 1024) }')
    ((promised + MEMORY <= total)) || fail "$GUEST needs $MEMORY MiB, and the guests that run on this hypervisor have $promised of its $total MiB" \
        "place it on another hypervisor, or lower memoryMiB of this one's capacity to what fjord may use"
    ((MEMORY <= available + own)) || fail "$GUEST needs $MEMORY MiB, and $((available + own)) of $total MiB are available on this hypervisor" \
        "see what takes it (top -o %MEM), or place the guest on another hypervisor"
}

start_guest() {
    try vir start "$DOMAIN" || fail "$DOMAIN could not be started: $(words)" \
        "see /var/log/libvirt/qemu/$DOMAIN.log on the hypervisor; QEMU runs as a user of its own, which has to reach the pool"
}

# stop_guest: asks the guest's agent, then its ACPI button, then takes the power away.
stop_guest() {
    local mode end
    for mode in agent acpi; do
        try timeout 15 virsh -q -c qemu:///system shutdown "$DOMAIN" --mode "$mode" || continue
        end=$((SECONDS + SHUTDOWN_WAIT))
        while ((SECONDS < end)); do
            running || return 0
            sleep 0.5
        done
    done
    say "$DOMAIN did not stop when it was asked: its power is taken away"
    # It may stop by itself just now.
    try vir destroy "$DOMAIN" || ! running || fail "$DOMAIN could not be stopped: $(words)" "stop it by hand (virsh destroy $DOMAIN), then run again"
}

undefine() {
    try vir undefine "$DOMAIN" --nvram --managed-save --snapshots-metadata --checkpoints-metadata ||
        fail "$DOMAIN could not be undefined: $(words)" "undo it by hand (virsh undefine $DOMAIN --nvram), then run again"
}

# A guest that was not finished: nothing is in it yet.
forget_unfinished() {
    if [[ $state == ours ]]; then
        if running; then try vir destroy "$DOMAIN" || ! running || fail "$DOMAIN could not be stopped: $(words)" "stop it by hand (virsh destroy $DOMAIN)"; fi
        undefine
        state=absent
    fi
    rm -f -- "$DISK" "$DISK.new" "$SEED" "$SEED.new" "$CONSOLE" "$CONSOLE".[0-9]
}

make_disk() {
    local wanted=$((DISK_GIB << 30)) least free
    [[ -f $BASE.ok ]] || fail "the base image $BASE is not in the pool" "it was there a moment ago, and another region's run may have found no disk that needs it: run again, it is put back first"
    least=$(virtual_size "$BASE")
    if ((least > wanted)); then wanted=$least; fi
    # An overlay begins empty. Its first boot, packages and container images take some 4 GiB of a disk of 40.
    free=$(df --output=avail -B1 "${DISK%/*}" | tail -n 1 | tr -dc 0-9)
    ((free >= wanted / 10)) || fail "the pool ${DISK%/*} is too full for $GUEST: $(mebibytes "$free") free, a tenth of its disk of $(mebibytes "$wanted") needed to begin with" \
        "free space there, lower diskGiB of this hypervisor's capacity, or place the guest on another one"
    mark making
    # qemu-img would write over a disk without a word.
    try qemu-img create -q -f qcow2 -F qcow2 -b "$BASE" "$DISK.new" "$wanted" ||
        fail "the disk of $GUEST could not be made: $(words)" "mend the pool, then run again"
    mv -n "$DISK.new" "$DISK"
    [[ ! -e $DISK.new ]] || fail "$DISK came to be while it was made" "see who writes to the pool, then run again"
}

make_seed() {
    local tool=(genisoimage)
    command -v genisoimage >/dev/null || tool=(xorriso -as genisoimage)
    (
        umask 077 && mkdir "$work/seed" && cd "$work/seed" &&
            printf '%s' "$USER_DATA" >user-data &&
            printf '%s' "$META_DATA" >meta-data &&
            printf '%s' "$NETWORK_CONFIG" >network-config &&
            "${tool[@]}" -quiet -output "$SEED.new" -volid cidata -joliet -rock user-data meta-data network-config
    ) >"$work/words" 2>&1 || fail "the seed of $GUEST could not be made: $(words)" "install genisoimage and free space in the pool, then run again"
    mv -f "$SEED.new" "$SEED"
    rm -rf "$work/seed"
}

create() {
    inputs=$(printf '%s\0' "$SPEC" "$BASE" "$USER_DATA" "$META_DATA" "$NETWORK_CONFIG" | sha256sum | cut -d ' ' -f 1)
    if ((${#marked[@]} > 0)); then
        # One whose first boot takes longer than it may has failed at it, and would again from where it stands.
        if [[ $state == ours && ${marked[4]} == booting && ${marked[5]} == "$inputs" && -e $DISK ]] && running &&
            (($(date +%s) - $(stat -c %Y "$MARKER") <= BOOT_LIMIT)); then
            say "$DOMAIN is in its first boot"
            return
        fi
        changed "unfinished guest $DOMAIN removed"
        if checking; then return; fi
        forget_unfinished
    elif [[ $state == ours ]] && system=$(fact system) && [[ -n $system && $system != "$SYSTEM" ]]; then
        # Of another image, place or address: what a run made that ended before it could say so, and whose stack has
        # changed since. A domain of an earlier version does not tell its system, and is taken as it is.
        changed "guest $DOMAIN of another system removed"
        if checking; then return; fi
        delete
        state=absent
    elif [[ $state == ours ]]; then
        [[ $(fact spec) == "$SPEC" ]] || fail "$DOMAIN exists with other settings than the stack's" \
            "the state of the stack is older than the guest: restore the right state, or remove the guest (virsh destroy; virsh undefine --nvram; rm $DISK)"
        [[ -e $DISK ]] || fail "$DOMAIN has no disk any more ($DISK)" "put the disk back, or have the guest made anew (pulumi up --replace with the URN of its domain)"
        autostart on
        if ! running; then
            changed "$DOMAIN started"
            checking || start_guest
        fi
        return
    elif [[ -e $DISK ]]; then
        fail "$DISK exists and no domain of this stack has it" \
            "see whose it is (qemu-img info -U $DISK); move it away if it is needed, remove it if not"
    fi
    changed "guest $DOMAIN"
    if checking; then return; fi
    require_bridge
    require_memory
    make_disk
    make_seed
    define "$XML"
    autostart on
    start_guest
    mark booting
}

settle() {
    require_guest
    local target
    if vir domblklist "$DOMAIN" --inactive --details | awk '$2 == "cdrom" { found = 1 } END { exit !found }'; then
        changed "seed taken out of $DOMAIN"
        if ! checking; then
            if running; then
                target=$(vir domblklist "$DOMAIN" | awk -v seed="$SEED" '$2 == seed { print $1 }')
                if [[ -n $target ]]; then
                    try vir change-media "$DOMAIN" "$target" --eject --live --force ||
                        fail "the seed could not be taken out of $DOMAIN: $(words)" "run again once the guest has booted"
                fi
            fi
            define "$FINAL_XML"
        fi
    fi
    drop "$SEED" "$SEED.new" "$MARKER"
}

# limit SCOPE: whether the disk's limits are other than wanted there (--config, --live).
limit_differs() {
    vir blkdeviotune "$DOMAIN" vda "$1" | awk -v iops="$IOPS" -v bytes="$BYTES_PER_SECOND" '
        $1 == "total_iops_sec" && $NF != iops || $1 == "total_bytes_sec" && $NF != bytes { differs = 1 }
        END { exit !differs }'
}

change() {
    require_guest
    local wanted=$((DISK_GIB << 30)) size scope
    size=$(virtual_size "$DISK")
    if ((size < wanted)); then
        changed "disk of $DOMAIN $(mebibytes "$size") -> $(mebibytes "$wanted")"
        if ! checking; then
            if running; then
                try vir blockresize "$DOMAIN" "$DISK" "${wanted}B" || fail "the disk of $DOMAIN could not be grown: $(words)" "see the pool's free space, then run again"
            else
                try qemu-img resize -q -f qcow2 "$DISK" "$wanted" || fail "the disk of $DOMAIN could not be grown: $(words)" "see the pool's free space, then run again"
            fi
        fi
    elif ((size > wanted)); then
        say "the disk of $DOMAIN has $(mebibytes "$size") and is never made smaller"
    fi
    for scope in --config --live; do
        [[ $scope == --config ]] || running || continue
        limit_differs "$scope" || continue
        changed "limits of the disk of $DOMAIN ($scope)"
        checking || try vir blkdeviotune "$DOMAIN" vda "$scope" --total-iops-sec "$IOPS" --total-bytes-sec "$BYTES_PER_SECOND" ||
            fail "the limits of the disk of $DOMAIN could not be set: $(words)" "check the plan's io in the stack"
    done
    autostart "$AUTOSTART"
}

restart() {
    require_guest
    if running && [[ $(fact spec) == "$SPEC" && $(live_fact spec) == "$SPEC" ]]; then
        say "$DOMAIN runs with these settings"
        return
    fi
    changed "$DOMAIN restarted"
    if checking; then return; fi
    require_bridge
    require_memory
    # The definition for the next start: a guest that runs keeps what it has until it is stopped.
    vir dumpxml "$DOMAIN" --inactive --security-info >"$work/before.xml"
    # A guest that has not finished its first boot still needs its seed.
    if ((${#marked[@]} > 0)); then define "$XML"; else define "$FINAL_XML"; fi
    if running; then stop_guest; fi
    if ! try vir start "$DOMAIN"; then
        reason=$(words)
        if try vir define "$work/before.xml" && try vir start "$DOMAIN"; then
            fail "$DOMAIN does not start with its new settings: $reason" "it runs with the old ones again; correct the stack"
        fi
        fail "$DOMAIN does not start with its new settings: $reason; nor with the old ones: $(words)" \
            "see /var/log/libvirt/qemu/$DOMAIN.log on the hypervisor"
    fi
}

delete() {
    if [[ $state == absent && -e $DISK ]] && ((${#marked[@]} == 0)); then
        # The disk goes before the domain does, so this one is not what an ended run left.
        say "$DISK belongs to no domain of this stack and stays"
        return
    fi
    if [[ $state == ours ]]; then
        changed "guest $DOMAIN removed"
        if checking; then return; fi
        if running; then stop_guest; fi
        rm -f -- "$DISK"
        undefine
    fi
    drop "$DISK" "$DISK.new" "$SEED" "$SEED.new" "$CONSOLE" "$CONSOLE".[0-9] "$MARKER.new" "$MARKER"
}

case $VERB in
create | settle | change | restart | delete) "$VERB" ;;
*) fail "\"$VERB\" is not a verb of guest.sh" "call it with create, settle, change, restart or delete" ;;
esac
printf '{"domain":"%s","changes":"%s"}\n' "$DOMAIN" "$CHANGES" >&4
