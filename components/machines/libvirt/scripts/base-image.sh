# Puts an image into the pool, as the base that guests' disks are laid over. Once there it is never written again.
# Parameters: URL, SHA256 (of what the URL gives), BYTES (its size, 0 where it is not known), BASE (path in the pool,
# named by the checksum), POOL, CA (PEM of the CA of a mirror, or empty), TIMEOUT (seconds for the download).
# shellcheck shell=bash

stamp=$BASE.ok

# The stamp says what the checksum was proven of: a base that still has that size and time is not read again, which
# would take seconds for each GB. Its third field is the sha256 of the file as it lies there.
stamped() { [[ -f $BASE && -f $stamp && $(cut -d ' ' -f 1,2 "$stamp") == $(stat -c '%s %Y' "$BASE") ]]; }
sum_of() { sha256sum "$1" | cut -d ' ' -f 1; }
put_stamp() { printf '%s %s\n' "$(stat -c '%s %Y' "$1")" "$(sum_of "$1")" >"$stamp.new" && mv -f "$stamp.new" "$stamp"; }
free_bytes() { df --output=avail -B1 "$POOL" | tail -n 1 | tr -dc 0-9; }
gib() { awk -v bytes="$1" 'BEGIN { printf "%.1f GiB", bytes / 2 ^ 30 }'; }

# refuse WHAT DO: what was downloaded is of no use.
refuse() {
    rm -f "$part" "$part.qcow2" "$part.ca"
    fail "$@"
}

# Only one script runs on a machine at a time (lib.sh), so a part that lies there is of a run that was ended.
for part in "$POOL"/fjord-base-*.part.*; do
    [[ ! -e $part ]] || drop "$part"
done

if [[ -f $BASE ]] && ! stamped; then
    actual=$(sum_of "$BASE")
    if [[ $actual != "$SHA256" && $actual != "$(cut -d ' ' -f 3 "$stamp" 2>/dev/null)" ]]; then
        fail "$BASE has other bytes than fjord put there (sha256 $actual)" \
            "something wrote to it, so the guests whose disks are laid over it are damaged: move it away (mv $BASE $BASE.damaged), run again, and replace those guests"
    fi
    changed "stamp of $BASE"
    checking || put_stamp "$BASE"
fi

if [[ ! -f $BASE ]]; then
    changed "base image $BASE"
    if ! checking; then
        # libvirt runs guests as a user of its own, which has to get through this folder but not to list it.
        [[ -d $POOL ]] || install -d -m 0711 "$POOL"
        part=$BASE.part.$$
        if (($(free_bytes) < BYTES)); then
            fail "the pool $POOL is too full for the image $URL: $(gib "$BYTES") needed, $(gib "$(free_bytes)") free" \
                "free space there, or give the hypervisor another pool"
        fi
        authority=()
        if [[ -n $CA ]]; then
            printf '%s\n' "$CA" >"$part.ca"
            authority=(--cacert "$part.ca")
        fi
        status=0
        words=$(curl --fail --location --silent --show-error --proto '=http,https' --connect-timeout 20 --max-time "$TIMEOUT" \
            --retry 2 --retry-max-time "$TIMEOUT" "${authority[@]}" --output "$part" "$URL" 2>&1) || status=$?
        rm -f "$part.ca"
        words=$(grep '^curl: (' <<<"$words" | tail -n 1 || true)
        case $status in
        0) ;;
        23) refuse "the pool $POOL is too full for the image $URL: it had $(gib "$(stat -c %s "$part" 2>/dev/null || echo 0)") when $(gib "$(free_bytes)") were left" \
            "free space there, or give the hypervisor another pool" ;;
        28) refuse "$URL was not there after $TIMEOUT s ($words)" \
            "check the line, or give a nearer mirror (mirrors.files), then run again" ;;
        *) refuse "$URL did not answer ($words)" \
            "check that the hypervisor reaches it: curl -I $URL; or give a mirror (mirrors.files)" ;;
        esac
        actual=$(sum_of "$part")
        [[ $actual == "$SHA256" ]] || refuse "$URL has sha256 $actual, the lock says $SHA256" \
            "run npm run lock if the vendor published a new image; if not, find out who changed it before going on"

        # The format is told by the first bytes and never guessed by qemu-img: an image that says it is laid over
        # another file could show the hypervisor's own files to its guest.
        if [[ $(od -An -tx1 -N 4 "$part" | tr -d ' ') == 514649fb ]]; then
            description=$(qemu-img info -f qcow2 --output=json "$part") ||
                refuse "the image $URL is no sound qcow2 image" "give the URL of another image in fjord:images"
            for field in backing-filename data-file; do
                if grep -qF "\"$field\":" <<<"$description"; then
                    refuse "the image $URL refers to another file ($field), which a guest could read the hypervisor's files through" \
                        "make it stand alone (qemu-img convert -O qcow2) and publish that"
                fi
            done
        elif [[ $(od -An -tx1 -j 510 -N 2 "$part" | tr -d ' ') == 55aa ]]; then
            qemu-img convert -f raw -O qcow2 "$part" "$part.qcow2" ||
                refuse "the raw image $URL could not be converted ($(gib "$(free_bytes)") free in $POOL)" \
                    "free space there, or publish the image as qcow2"
            mv -f "$part.qcow2" "$part"
        else
            refuse "the image $URL is neither qcow2 nor a disk with a partition table" \
                "give the URL of such an image in fjord:images (an archive has to be unpacked first)"
        fi
        chmod 0444 "$part"
        sync -d "$part"
        # The stamp comes first: a base that is there has one.
        put_stamp "$part"
        mv -f "$part" "$BASE"
    fi
fi
printf '{"base":"%s","bytes":"%s"}\n' "$BASE" "$(stat -c %s "$BASE" 2>/dev/null || echo 0)" >&4
