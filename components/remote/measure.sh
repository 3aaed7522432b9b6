# What scripts that measure a machine and change nothing have in common. Such a script takes it in with `. measure.sh`,
# adds its figures, and ends with `conclude`.
# Parameters: BOUNDS (figure|operator|bound|unit|what to do; operators at-most, at-least, one-of, none-of).
# shellcheck shell=bash

# By name; empty where it could not be measured.
declare -A figure=()

# Perl is in every Debian and Ubuntu, and calls the kernel without the cost of starting a process.
command -v perl >/dev/null || fail "there is no perl on this machine" \
    "install perl-base: it is part of every Debian and Ubuntu"

figure[cpus]=$(nproc)
figure[memory]=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)

# kernel_clock: what the kernel knows of its clock (adjtimex): whether a time service sets it (STA_UNSYNC), and where
# one does, how far off the kernel estimates it to be, milliseconds: `yes 0.3`, `no`.
kernel_clock() {
    perl -e '
        my $timex = pack("x256");
        my $state = syscall(159, $timex);
        my ($error, $status) = (unpack("l x4 q q q q l", $timex))[4, 5];
        my $synchronised = $state >= 0 && $state != 5 && !($status & 0x40);
        print $synchronised ? sprintf("yes %.1f\n", $error / 1000) : "no\n";
    '
}

# measure_steal: prints the CPU time that a hypervisor took, percent. It shows only while the machine wants CPU: every
# CPU is kept busy for a second (100 ticks each), with the lowest priority, so that what is measured meanwhile is that
# of a busy machine and not of a starved one.
measure_steal() {
    perl -e '
        sub ticks { open(my $stat, "<", "/proc/stat") or exit 1; my @ticks = (split " ", <$stat>)[1 .. 8]; my $sum = 0; $sum += $_ for @ticks; return ($sum, $ticks[7]) }
        my ($total, $steal) = ticks();
        for (1 .. $ARGV[0]) {
            defined(my $child = fork) or exit 1;
            next if $child;
            $SIG{ALRM} = "DEFAULT";
            setpriority(0, 0, 19);
            alarm 1;
            1 while 1;
        }
        1 while wait > 0;
        my ($total_after, $steal_after) = ticks();
        printf "%.1f\n", $total_after > $total ? 100 * ($steal_after - $steal) / ($total_after - $total) : 0;
    ' "${figure[cpus]}"
}

# measure_fdatasync FOLDER: appends of 2300 bytes as etcd makes them, each one synced: 1000 of them or 2 s, whichever is
# first (a disk at the bound of 10 ms has made 200 by then). The figure is the 99th percentile in milliseconds.
measure_fdatasync() {
    figure[fdatasync]=$(perl -e '
        sub now { my $t = pack("qq", 0, 0); syscall(228, 1, $t); my ($s, $n) = unpack("qq", $t); return $s * 1000 + $n / 1e6 }
        my $path = "$ARGV[0]/.fjord-fdatasync.$$";
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
    ' "$1") || fail "cannot write to $1 ($(room "$1"))" "free space there, then run again"
}

# conclude DO: gives the figures as one JSON object, or ends the step where one is out of its bound. One that could not
# be measured is judged by the reader of the report. Versions such as 6.1 and 6.12 are compared part by part.
conclude() {
    local name text named=() lines=()
    for name in "${!figure[@]}"; do named+=("$name" "${figure[$name]}"); done
    text=$(perl -e '
        my $count = shift;
        my @bounds = splice(@ARGV, 0, $count);
        my %figure = @ARGV;
        s/[\x00-\x1f]//g for values %figure;
        sub at_least {
            my ($value, $bound) = map { [split /\./] } @_;
            while (@$value || @$bound) {
                my $difference = (shift(@$value) || 0) <=> (shift(@$bound) || 0);
                return $difference > 0 if $difference;
            }
            return 1;
        }
        sub one_of { my ($value, $bound) = @_; return scalar grep { $_ eq $value } split /,/, $bound }
        my %holds = (
            "at-most" => sub { $_[0] <= $_[1] },
            "at-least" => \&at_least,
            "one-of" => \&one_of,
            "none-of" => sub { !one_of(@_) },
        );
        my @failures;
        for (@bounds) {
            my ($name, $operator, $bound, $unit, $fix) = split /\|/, $_, 5;
            my $value = $figure{$name};
            next if $value eq "" || $holds{$operator}->($value, $bound);
            $unit = " $unit" if $unit ne "";
            push @failures, "$name is $value$unit, must be " . ($operator =~ tr/-/ /r) . " $bound$unit: $fix";
        }
        print "{", join(",", map { "\"$_\":\"" . ($figure{$_} =~ s/["\\]//gr) . "\"" } sort keys %figure), "}\n", join("; ", @failures);
    ' "${#BOUNDS[@]}" "${BOUNDS[@]}" "${named[@]}")
    mapfile -t lines <<<"$text"
    say "${lines[0]}"
    if ((${#lines[@]} > 1)); then fail "${lines[1]}" "$1"; fi
    printf '%s\n' "${lines[0]}" >&4
}
