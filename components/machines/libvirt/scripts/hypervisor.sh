# Measures a server that is to run guests, and changes nothing. Prints its figures as one JSON object, and fails where
# one is out of its bound, so that no guest is made there and the next run measures again.
# Parameters: BOUNDS (figure|operator|bound|unit|what to do; operators at-most, at-least, one-of), POOL (folder of the
# guests' disks), BRIDGE.
# shellcheck shell=bash

declare -A figure=()
# Perl is in every Debian and Ubuntu, and calls the kernel without the cost of starting a process.
command -v perl >/dev/null || fail "there is no perl on this machine" \
    "install perl-base: it is part of every Debian and Ubuntu"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# one_line TEXT: its last line that says something, without what would break a report.
one_line() { tr -c '[:print:]\n' ' ' <<<"$1" | grep -v '^ *$' | tail -n 1 | cut -c 1-200 || true; }

figure[cpu]=$(sed -nE '/^model name/ { s/^[^:]*: //p; q }' /proc/cpuinfo)
figure[cpus]=$(nproc)
figure[memory]=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
figure[available]=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)

# What the guests' scripts call, and the firmware that libvirt finds by its descriptors.
missing=()
for tool in virsh qemu-img qemu-system-x86_64 curl; do
    command -v "$tool" >/dev/null || missing+=("$tool")
done
command -v genisoimage >/dev/null || command -v xorriso >/dev/null || missing+=(genisoimage)
grep -qs '"uefi"' /usr/share/qemu/firmware/*.json /etc/qemu/firmware/*.json || missing+=(ovmf)
figure[tools]=${missing[*]:-none}

# The daemon has to answer; which domains it has is told, and is nobody's fault.
figure[daemon]=answers figure[libvirt]='' figure[qemu]='' figure[domains]=none
if versions=$(timeout 20 virsh -c qemu:///system version --daemon 2>&1); then
    figure[libvirt]=$(sed -nE 's/^Running against daemon: ([0-9.]+)$/\1/p' <<<"$versions")
    figure[qemu]=$(sed -nE 's/^Running hypervisor: QEMU ([0-9.]+)$/\1/p' <<<"$versions")
    names=$(timeout 20 virsh -q -c qemu:///system list --all --name | tr -s '\n' ' ')
    names=${names# } names=${names% }
    figure[domains]=${names:-none}
else
    figure[daemon]="silent ($(one_line "$versions"))"
fi

# A device node is no proof of KVM: where it is passed on by a hypervisor below, it may open and run nothing. So a guest
# is run, with the CPU that guests get: a boot sector that waits for two ticks of the timer, and then ends QEMU through a
# port that QEMU has for that.
#   sti; mov ah,0; int 1ah; mov bx,dx; l: hlt; mov ah,0; int 1ah; sub dx,bx; cmp dx,2; jb l; mov al,2ah; out f4h,al; e: hlt; jmp e
boot_sector=fbb400cd1a89d3f4b400cd1a29da83fa0272f4b02ae6f4f4ebfd
probe_kvm() {
    local status=0
    if [[ ! -c /dev/kvm ]]; then
        echo "absent"
        return
    fi
    perl -e 'print pack("a510 v", pack("H*", $ARGV[0]), 0xaa55)' "$boot_sector" >"$work/sector"
    (
        ulimit -c 0
        exec timeout -k 1 5 qemu-system-x86_64 -accel kvm -cpu host -m 16 -nodefaults -display none -no-reboot \
            -device isa-debug-exit,iobase=0xf4,iosize=0x04 -drive "file=$work/sector,format=raw,if=ide"
    ) >"$work/words" 2>&1 || status=$?
    # QEMU ends with twice what was written to the port, plus one.
    case $status in
    85) echo "usable" ;;
    124 | 137) echo "broken (a boot sector did not end within 5 s)" ;;
    *) echo "broken ($(one_line "$(head -n 1 "$work/words")"))" ;;
    esac
}
figure[kvm]=
if command -v qemu-system-x86_64 >/dev/null; then figure[kvm]=$(probe_kvm); fi

# The pool, or the folder that it will be made in.
folder=$POOL
figure[pool]=present
if [[ ! -d $folder ]]; then
    folder=${folder%/*}
    figure[pool]="to be made"
    if [[ ! -d $folder ]]; then figure[pool]="absent, and so is $folder"; fi
    while [[ ! -d ${folder:=/} ]]; do folder=${folder%/*}; done
fi
figure[filesystem]=$(stat -fc %T "$folder")
# What guests may fill: what is free, and what the pool's own files have already.
figure[disk]=$(($(df --output=avail -BM "$folder" | tail -n 1 | tr -dc 0-9) + $(if [[ -d $POOL ]]; then du -smx "$POOL" | cut -f1; else echo 0; fi)))
# A file system without a fixed number of inodes says 0 or `-`.
inodes=$(df --output=itotal,iavail "$folder" | awk 'NR == 2 && $1 + 0 > 0 { print $2 }')
figure[inodes]=$inodes
# The guests' disks are opened without the page cache (cache=none), which not every file system can.
probe="$folder/.fjord-direct.$$"
if dd if=/dev/zero of="$probe" bs=4096 count=1 oflag=direct status=none; then figure[direct]=yes; else figure[direct]=no; fi
rm -f "$probe"

# Every disk below the file system, through partitions, RAID and LVM.
figure[nvme]=
source=$(findmnt -no SOURCE -T "$folder" | sed 's/\[.*//')
if [[ -b $source ]]; then
    figure[nvme]=$(lsblk -snro NAME,TYPE "$source" |
        awk '$2 == "disk" { seen = 1; if ($1 !~ /^nvme/) other = 1 } END { if (seen) print (other ? "no" : "yes") }')
fi

# fdatasync as etcd does it: appends of 2300 bytes, each one synced. 1000 of them or 3 s, whichever is first; the 99th
# percentile in milliseconds.
figure[fdatasync]=$(perl -e '
    sub now { my $t = pack("qq", 0, 0); syscall(228, 1, $t); my ($s, $n) = unpack("qq", $t); return $s * 1000 + $n / 1e6 }
    my $path = "$ARGV[0]/.fjord-fdatasync.$$";
    open(my $file, ">", $path) or exit 1;
    unlink $path;
    my $block = "x" x 2300;
    my ($begin, @took) = (now());
    while (@took < 1000 && now() - $begin < 3000) {
        my $from = now();
        syswrite($file, $block) == 2300 or exit 1;
        syscall(75, fileno($file)) == 0 or exit 1;
        push @took, now() - $from;
    }
    @took = sort { $a <=> $b } @took;
    printf "%.2f", $took[int(0.99 * $#took + 0.5)];
' "$folder") || fail "cannot write to $folder ($(room "$folder"))" "free space there, then run again"

# What the kernel knows of its clock (adjtimex): whether a time service sets it, and how far off it estimates it to be,
# milliseconds.
read -r "figure[synchronised]" "figure[clock]" < <(perl -e '
    my $timex = pack("x256");
    my $state = syscall(159, $timex);
    my ($status, $error) = (unpack("l x4 q q q q l", $timex))[5, 4];
    my $synchronised = $state >= 0 && $state != 5 && !($status & 0x40);
    printf "%s %s\n", $synchronised ? ("yes", sprintf("%.1f", $error / 1000)) : ("no", "");
')

# ip knows the kinds of links of its own network namespace; /sys may show those of another.
if ! ip link show dev "$BRIDGE" >/dev/null 2>&1; then
    figure[bridge]="absent"
elif [[ -z $(ip -o link show dev "$BRIDGE" type bridge 2>/dev/null) ]]; then
    figure[bridge]="no bridge"
else
    figure[bridge]=present
fi
# With this on, the server's own firewall sees (and often drops) what guests send one another.
figure[filtered]=$(sed 's/^0$/no/; s/^[1-9].*/yes/' /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null || echo no)

# Steal shows only while the machine wants CPU: every CPU is kept busy for two seconds.
cpu_times() { awk '/^cpu / { print $2 + $3 + $4 + $5 + $6 + $7 + $8 + $9, $9 }' /proc/stat; }
read -r total_before steal_before < <(cpu_times)
for ((cpu = 0; cpu < figure[cpus]; cpu++)); do timeout 2 bash -c 'while :; do :; done' & done
wait
read -r total_after steal_after < <(cpu_times)
figure[steal]=$(awk -v steal="$((steal_after - steal_before))" -v total="$((total_after - total_before))" \
    'BEGIN { printf "%.1f", (total > 0) ? 100 * steal / total : 0 }')

# The bounds that stop the run; a figure that could not be measured is judged in the report.
failures=()
for entry in "${BOUNDS[@]}"; do
    IFS='|' read -r name operator bound unit fix <<<"$entry"
    value=${figure[$name]:-}
    [[ -n $value ]] || continue
    case $operator in
    at-most) awk -v a="$value" -v b="$bound" 'BEGIN { exit !(a + 0 <= b + 0) }' && continue ;;
    # Versions such as 9.0 and 9.10 are compared part by part.
    at-least) printf '%s\n%s\n' "$bound" "$value" | sort -C -V && continue ;;
    one-of) [[ ",$bound," == *",$value,"* ]] && continue ;;
    esac
    failures+=("$name is $value${unit:+ $unit}, must be ${operator//-/ } $bound${unit:+ $unit}: $fix")
done

json='{'
for name in $(printf '%s\n' "${!figure[@]}" | sort); do
    json+="\"$name\":\"$(tr -d '"\\\000-\037' <<<"${figure[$name]}")\","
done
json="${json%,}}"
say "$json"
if ((${#failures[@]} > 0)); then
    fail "$(printf '%s; ' "${failures[@]}" | sed 's/; $//')" \
        "no guest was made there; mend this and run again, or correct the server's entry in fjord:hypervisors"
fi
printf '%s\n' "$json" >&4
