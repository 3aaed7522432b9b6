# Measures the machine and changes nothing. Prints its figures as one JSON object, and fails where one is out of its
# bound, so that nothing that depends on it starts and the next run measures again.
# Parameters: BOUNDS (measure.sh), PORTS (tcp or udp, colon, port), ETCD (true on a control plane), PEERS (addresses whose
# clocks to compare with), STACK.
# shellcheck shell=bash
. measure.sh

# How far the clock is from the control planes' clocks, which answer ICMP timestamp requests; all are asked at once. Half
# of the round trip is the error of that, far below the bound. Empty where none answers.
measure_clock() {
    perl -e '
        use Socket;
        sub now { my $t = pack("qq", 0, 0); syscall(228, 0, $t); my ($s, $n) = unpack("qq", $t); return ($s % 86400) * 1000 + $n / 1e6 }
        sub checksum { my $sum = 0; $sum += $_ for unpack("n*", $_[0]); $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16; return ~$sum & 0xffff }
        socket(my $s, PF_INET, SOCK_RAW, 1) or exit;
        my (%sent, $worst);
        my %waiting = map { $_ => pack_sockaddr_in(0, inet_aton($_)) } @ARGV;
        for my $try (1 .. 3) {
            for my $peer (keys %waiting) {
                $sent{$peer} = now();
                my $body = pack("nnNNN", $$ & 0xffff, $try, int($sent{$peer}), 0, 0);
                send($s, pack("CCn", 13, 0, checksum(pack("CCn", 13, 0, 0) . $body)) . $body, 0, $waiting{$peer});
            }
            my $end = now() + 400;
            while (%waiting && (my $left = $end - now()) > 0) {
                my $bits = ""; vec($bits, fileno($s), 1) = 1;
                select($bits, undef, undef, $left / 1000) or last;
                my $from = recv($s, my $packet, 512, 0) or last;
                my $got = now();
                my $peer = inet_ntoa((unpack_sockaddr_in($from))[1]);
                my $start = (unpack("C", $packet) & 15) * 4;
                my ($type, $code, $sum, $id, $number, $first, $received) = unpack("CCnnnNN", substr($packet, $start));
                next unless $type == 14 && $id == ($$ & 0xffff) && $number == $try && delete $waiting{$peer};
                my $difference = $received - ($sent{$peer} + $got) / 2;
                $difference -= 86400000 if $difference > 43200000;
                $difference += 86400000 if $difference < -43200000;
                $worst = abs($difference) if !defined $worst || abs($difference) > $worst;
            }
        }
        printf "%.1f", $worst if defined $worst;
    ' "${PEERS[@]}"
}

# Other firewalls that refuse what comes in, or through to pods. What fjord's table accepts still passes theirs, and is
# dropped there. Neither nft nor any of the others need be installed yet. Fails where nft cannot say.
other_firewalls() {
    if ufw status 2>/dev/null | grep '^Status: active' >/dev/null; then echo ufw; fi
    if systemctl is-active --quiet firewalld 2>/dev/null; then echo firewalld; fi
    if command -v nft >/dev/null; then
        # A base chain closes by its policy, or by a rule that drops or rejects whatever gets there.
        nft list ruleset | perl -ne '
            if (/^table (\S+ \S+) \{/) { $table = $1 }
            elsif (/^\tchain (\S+) \{/) { ($chain, $base, $closed) = ($1, 0, 0) }
            elsif (/^\t\ttype \S+ hook (\S+) .*policy (\w+);/) { ($hook, $closed) = ($1, $2 eq "drop"); $base = $hook =~ /^(input|forward)$/ }
            elsif (/^\t\t(meta nfproto ipv4 )?(counter packets \d+ bytes \d+ )?(drop|reject)( with .*)?( comment .*)?$/) { $closed = 1 }
            elsif (/^\t\}/) { print "$table $chain\n" if $base && $closed && $table =~ /^(ip|inet) / && $table ne "inet fjord"; $base = 0 }
        ' || return
    fi
    # The older kernel interface, which nft does not show; where there is no nft, iptables shows whatever there is.
    local save=iptables-save
    if command -v nft >/dev/null; then
        [[ -s /proc/net/ip_tables_names ]] || return 0
        save=iptables-legacy-save
    fi
    if command -v "$save" >/dev/null; then
        "$save" | sed -nE 's/^:(INPUT|FORWARD) DROP .*/iptables \1/p; s/^-A (INPUT|FORWARD) -j (DROP|REJECT).*/iptables \1/p' | sort -u
    fi
}

# The clocks' answers and a second of steal are waited for beside all that follows.
exec {clock}< <(measure_clock) {steal}< <(measure_steal)

# shellcheck disable=SC1091
figure[os]=$(. /etc/os-release && printf '%s-%s' "$ID" "${VERSION_ID:-unknown}")
figure[kernel]=$(uname -r | grep -oE '^[0-9]+\.[0-9]+')
figure[architecture]=$(uname -m)
figure[virtualization]=$(systemd-detect-virt || true)
figure[cgroup]=1
if [[ $(stat -fc %T /sys/fs/cgroup) == cgroup2fs ]]; then figure[cgroup]=2; fi
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

figure[firewall]=none
if ! $own; then
    if closed=$(other_firewalls | paste -sd, -); then
        closed=${closed//,/, }
        figure[firewall]=${closed:-none}
    else
        figure[firewall]=
    fi
fi

# Ports in use: listening TCP sockets (state 0A) and bound UDP ones (07), as the kernel lists them.
taken=
if ! $own; then
    taken=$(perl -e '
        my (%state, %used) = (tcp => "0A", udp => "07");
        for my $protocol (keys %state) {
            for my $file ("/proc/net/$protocol", "/proc/net/${protocol}6") {
                open(my $sockets, "<", $file) or next;
                while (<$sockets>) {
                    my ($port, $state) = /^ *\d+: \w+:(\w+) \w+:\w+ (\w+)/ or next;
                    $used{"$protocol:" . hex $port} = 1 if $state eq $state{$protocol};
                }
            }
        }
        print join " ", grep { $used{$_} } @ARGV;
    ' "${PORTS[@]}")
fi
figure[ports]=${taken:-none}

read -r "figure[synchronised]" _ < <(kernel_clock)

# The folder that etcd will have, or the nearest one above it that exists.
figure[fdatasync]=
if [[ $ETCD == true ]]; then
    folder=/var/lib/etcd
    while [[ ! -d $folder ]]; do folder=${folder%/*}; done
    measure_fdatasync "$folder"
fi

figure[clock]=$(cat <&"$clock")
if ((${#PEERS[@]} == 0)); then figure[clock]=0; fi
read -r "figure[steal]" <&"$steal"
exec {clock}<&- {steal}<&-

conclude "nothing was changed on any machine; mend this and run again, or change fjord:preflight if the bound is wrong for you"
