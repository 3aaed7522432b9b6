#!/bin/busybox sh
# All of the initrd: finds the root file system that the kernel's command line names, and hands over to its init.
# shellcheck shell=dash
busybox=/bin/busybox

$busybox mount -t devtmpfs dev /dev
$busybox mount -t proc proc /proc
for module in /modules/*; do
    $busybox insmod "$module"
done

root=
for word in $($busybox cat /proc/cmdline); do
    case $word in root=*) root=${word#root=} ;; esac
done

tries=0
until device=$($busybox findfs "$root" 2>/dev/null); do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ]; then
        echo "initrd: no file system $root after 30 s; there is:"
        $busybox cat /proc/partitions
        exit 1
    fi
    $busybox sleep 0.1
done

$busybox mount -t ext4 "$device" /root || exit 1
$busybox umount /proc
$busybox mount -o move /dev /root/dev
exec $busybox switch_root /root /sbin/init
