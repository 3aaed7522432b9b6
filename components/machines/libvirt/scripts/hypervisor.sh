# Measures a server that is to run guests, and changes nothing. Prints its figures as one JSON object, and fails where
# one is out of its bound, so that no guest is made there and the next run measures again.
# Parameters: BOUNDS (measure.sh), POOL (folder of the guests' disks), BRIDGE.
# shellcheck shell=bash
. measure.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# one_line TEXT: its last line that says something, without what would break a report.
one_line() { tr -c '[:print:]\n' ' ' <<<"$1" | grep -v '^ *$' | tail -n 1 | cut -c 1-200 || true; }

figure[cpu]=$(sed -nE '/^model name/ { s/^[^:]*: //p; q }' /proc/cpuinfo)
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

read -r "figure[synchronised]" "figure[clock]" < <(kernel_clock)

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

exec {steal}< <(measure_steal)
measure_fdatasync "$folder"
read -r "figure[steal]" <&"$steal"
exec {steal}<&-

conclude "no guest was made there; mend this and run again, or correct the server's entry in fjord:hypervisors"
