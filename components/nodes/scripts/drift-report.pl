#!/usr/bin/perl -T
# The login shell of the user fjord-drift, and the command that its keys are bound to: prints the machine's report and
# does nothing else, whatever it was asked for. It looks at no argument, input or environment (-T: nor does Perl).
use strict;
use warnings;
use Socket;

my $limit = 1 << 20;
alarm 240;
my $socket;
if (!socket($socket, PF_UNIX, SOCK_STREAM, 0) || !connect($socket, pack_sockaddr_un("/run/fjord-drift.socket"))) {
    print STDERR "fjord: the check of this machine cannot be started ($!)\n";
    exit 1;
}
shutdown($socket, 1);
my $read = 0;
while ($read < $limit && sysread($socket, my $part, 65536)) {
    $read += length $part;
    syswrite(STDOUT, $part);
}
if ($read == 0) {
    print STDERR "fjord: another check of this machine is running\n";
    exit 1;
}
