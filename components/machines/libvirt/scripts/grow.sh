# Runs on a guest whose disk has been made larger: its last partition and the root file system on it take the new room.
# No parameters.
# shellcheck shell=bash

device=$(findmnt -no SOURCE /)
type=$(findmnt -no FSTYPE /)
partition=$(cat "/sys/class/block/${device##*/}/partition" 2>/dev/null) ||
    fail "the root file system is on $device, which is no partition of a disk" \
        "grow it by hand (lvextend and the like); an image of the catalogue has it on a partition"
disk=/dev/$(basename "$(readlink -f "/sys/class/block/${device##*/}/..")")
command -v growpart >/dev/null || fail "there is no growpart on this guest" "install it there: apt-get install cloud-guest-utils"

# growpart says NOCHANGE with code 1, also where a rest is too small for it.
if growpart --dry-run "$disk" "$partition"; then
    changed "partition $partition of $disk"
    checking || growpart "$disk" "$partition" ||
        fail "partition $partition of $disk could not be grown" "see the log; growpart keeps what was there"
fi
if ! checking; then
    case $type in
    ext4) resize2fs "$device" ;;
    xfs) xfs_growfs / ;;
    *) fail "the root file system is $type, which fjord does not grow" "grow it by hand" ;;
    esac
fi
printf '{"bytes":"%s"}\n' "$(findmnt -bno SIZE /)" >&4
