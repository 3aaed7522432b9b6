# Measures the machine and changes nothing. Prints its figures as one JSON object, and fails where one is out of its
# bound, so that nothing that depends on it starts and the next run measures again.
# Parameters: BOUNDS (figure|operator|bound|unit|what to do; operators at-most, at-least, one-of, none-of),
# PORTS (tcp or udp, colon, port), ETCD (true on a control plane), PEERS (addresses whose clocks to compare with),
# STACK.
# shellcheck shell=bash

declare -A figure=()
# Perl is in every Debian and Ubuntu, and calls the kernel without the cost of starting a process.
command -v perl >/dev/null || fail "there is no perl on this machine" \
    "install perl-base: it is part of every Debian and Ubuntu"

# shellcheck disable=SC1091
figure[os]=$(. /etc/os-release && printf '%s-%s' "$ID" "${VERSION_ID:-unknown}")
figure[kernel]=$(uname -r | grep -oE '^[0-9]+\.[0-9]+')
figure[architecture]=$(uname -m)
figure[virtualization]=$(systemd-detect-virt || true)
figure[cgroup]=1
if [[ $(stat -fc %T /sys/fs/cgroup) == cgroup2fs ]]; then figure[cgroup]=2; fi
figure[cpus]=$(nproc)
figure[memory]=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
figure[swap]=$(awk 'NR > 1 { sum += $3 } END { print int(sum / 1024) }' /proc/swaps)
figure[disk]=$(df --output=avail -BM /var/lib | tail -n 1 | tr -dc 0-9)

# Another cluster, or another owner of what fjord is going to write. A machine that is this stack's already is not
# asked.
own=false
if grep -qs "\"stack\": *\"$STACK\"" /etc/fjord/node.json; then own=true; fi
found=()
if ! $own; then
    for path in /etc/fjord/node.json /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf /etc/kubernetes/manifests/kube-apiserver.yaml \
        /var/lib/etcd/member /etc/rancher /var/lib/k0s /var/lib/docker; do
        [[ ! -e $path ]] || found+=("$path")
    done
fi
figure[foreign]=${found[*]:-none}

# Ports in use: listening TCP sockets (state 0A) and bound UDP ones (07), as the kernel lists them.
taken=()
if ! $own; then
    for port in "${PORTS[@]}"; do
        hex=$(printf '%04X' "${port#*:}")
        state=0A
        if [[ ${port%:*} == udp ]]; then state=07; fi
        if cat "/proc/net/${port%:*}" "/proc/net/${port%:*}6" 2>/dev/null |
            awk -v hex=":$hex" -v state="$state" 'index($2, hex) && substr($2, length($2) - 4) == hex && $4 == state { found = 1 } END { exit !found }'; then
            taken+=("$port")
        fi
    done
fi
figure[ports]=${taken[*]:-none}

# Clock: what the kernel knows of its synchronisation (adjtimex, STA_UNSYNC), and how far it is from the control
# planes' clocks, which answer ICMP timestamp requests. Half of the round trip is the error of that, far below the
# bound.
figure[synchronised]=$(perl -e '
    my $timex = pack("x256");
    my $state = syscall(159, $timex);
    my $status = (unpack("l l q q q q l", $timex))[6];
    print $state >= 0 && $state != 5 && !($status & 0x40) ? "yes" : "no";
')
figure[clock]=$(perl -e '
    use Socket;
    sub now { my $t = pack("qq", 0, 0); syscall(228, 0, $t); my ($s, $n) = unpack("qq", $t); return ($s % 86400) * 1000 + $n / 1e6 }
    sub checksum { my $sum = 0; $sum += $_ for unpack("n*", $_[0]); $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16; return ~$sum & 0xffff }
    socket(my $s, PF_INET, SOCK_RAW, 1) or exit;
    my $worst;
    for my $peer (@ARGV) {
        my $to = sockaddr_in(0, inet_aton($peer));
        my $offset;
        for my $try (1 .. 3) {
            my $sent = now();
            my $body = pack("nnNNN", $$ & 0xffff, $try, int($sent), 0, 0);
            send($s, pack("CCn", 13, 0, checksum(pack("CCn", 13, 0, 0) . $body)) . $body, 0, $to) or next;
            my $end = $sent + 400;
            while ((my $left = $end - now()) > 0) {
                my $bits = ""; vec($bits, fileno($s), 1) = 1;
                select($bits, undef, undef, $left / 1000) or last;
                my $from = recv($s, my $packet, 512, 0) or last;
                my $got = now();
                my $start = (unpack("C", $packet) & 15) * 4;
                my ($type, $code, $sum, $id, $number, $first, $received) = unpack("CCnnnNN", substr($packet, $start));
                next unless $type == 14 && $id == ($$ & 0xffff) && $number == $try && inet_ntoa((sockaddr_in($from))[1]) eq $peer;
                my $difference = $received - ($sent + $got) / 2;
                $difference -= 86400000 if $difference > 43200000;
                $difference += 86400000 if $difference < -43200000;
                $offset = abs($difference);
                last;
            }
            last if defined $offset;
        }
        $worst = $offset if defined $offset && (!defined $worst || $offset > $worst);
    }
    printf "%.1f", $worst if defined $worst;
' "${PEERS[@]}")
if ((${#PEERS[@]} == 0)); then figure[clock]=0; fi

# Steal shows only while the machine wants CPU: every CPU is kept busy for a second (100 ticks each), with the lowest
# priority, so that the disk's figure beside it is that of a busy machine and not of a starved one.
cpu_times() { awk '/^cpu / { print $2 + $3 + $4 + $5 + $6 + $7 + $8 + $9, $9 }' /proc/stat; }
measure_steal() {
    local total_before steal_before total_after steal_after cpu
    read -r total_before steal_before < <(cpu_times)
    for ((cpu = 0; cpu < figure[cpus]; cpu++)); do timeout 1 nice -n 19 bash -c 'while :; do :; done' & done
    wait
    read -r total_after steal_after < <(cpu_times)
    awk -v steal="$((steal_after - steal_before))" -v total="$((total_after - total_before))" 'BEGIN { printf "%.1f\n", (total > 0) ? 100 * steal / total : 0 }'
}
exec {steal}< <(measure_steal)

# fdatasync as etcd does it: appends of 2300 bytes, each one synced, in the folder that etcd will have (or the nearest
# one above it that exists). 1000 of them or 2 s, whichever is first (a disk at the bound of 10 ms has made 200 by
# then); the 99th percentile in milliseconds.
figure[fdatasync]=
if [[ $ETCD == true ]]; then
    folder=/var/lib/etcd
    while [[ ! -d $folder ]]; do folder=${folder%/*}; done
    figure[fdatasync]=$(perl -e '
        sub now { my $t = pack("qq", 0, 0); syscall(228, 1, $t); my ($s, $n) = unpack("qq", $t); return $s * 1000 + $n / 1e6 }
        my $path = "$ARGV[0]/.fjord-preflight.$$";
        open(my $file, ">", $path) or exit 1;
        unlink $path;
        my $block = "x" x 2300;
        my ($begin, @took) = (now());
        while (@took < 1000 && now() - $begin < 2000) {
            my $from = now();
            syswrite($file, $block) == 2300 or exit 1;
            syscall(75, fileno($file)) == 0 or exit 1;
            push @took, now() - $from;
        }
        @took = sort { $a <=> $b } @took;
        printf "%.2f", $took[int(0.99 * $#took + 0.5)];
    ' "$folder") || fail "cannot write to $folder ($(df -h --output=avail "$folder" | tail -n 1 | tr -d ' ') free)" \
        "free space there, then run again"
fi

read -r "figure[steal]" <&"$steal"
exec {steal}<&-

# The bounds that stop the run; a figure that could not be measured is judged in the report.
failures=()
for entry in "${BOUNDS[@]}"; do
    IFS='|' read -r name operator bound unit fix <<<"$entry"
    value=${figure[$name]:-}
    [[ -n $value ]] || continue
    case $operator in
    at-most) awk -v a="$value" -v b="$bound" 'BEGIN { exit !(a + 0 <= b + 0) }' && continue ;;
    # Versions such as 6.1 and 6.12 are compared part by part.
    at-least) printf '%s\n%s\n' "$bound" "$value" | sort -C -V && continue ;;
    one-of) [[ ",$bound," == *",$value,"* ]] && continue ;;
    none-of) [[ ",$bound," != *",$value,"* ]] && continue ;;
    esac
    failures+=("$name is $value${unit:+ $unit}, must be ${operator//-/ } $bound${unit:+ $unit}: $fix")
done

json='{'
for name in $(printf '%s\n' "${!figure[@]}" | sort); do json+="\"$name\":\"${figure[$name]//[\"\\]/}\","; done
json="${json%,}}"
say "$json"
if ((${#failures[@]} > 0)); then
    fail "$(printf '%s; ' "${failures[@]}" | sed 's/; $//')" \
        "nothing was changed on any machine; mend this and run again, or change fjord:preflight if the bound is wrong for you"
fi
printf '%s\n' "$json" >&4
