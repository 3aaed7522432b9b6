# A region's part of a hypervisor's pool: guests that were never finished and are not wanted any more, and bases that no
# disk is laid over. What is not the region's is never touched.
# Parameters: REGION, POOL, WANTED (names of the domains that the stack has on this hypervisor), KEEP (paths of the bases
# that it needs), GRACE (minutes that a base stays which nothing needs).
# shellcheck shell=bash

readonly NAMESPACE=https://fjord.dev/libvirt/1
vir() { timeout 60 virsh -q -c qemu:///system "$@"; }
domains=$(vir list --all --name) || fail "libvirt does not answer" \
    "start it on the hypervisor (systemctl enable --now libvirtd), then run again"
region_of() { vir metadata "$1" "$NAMESPACE" --config 2>/dev/null | grep -oE '<([a-z]+:)?region>[^<]*' | sed 's/.*>//' || true; }
is_wanted() { [[ " ${WANTED[*]} " == *" $1 "* ]]; }

# Unfinished guests: guest.sh wrote into the marker what belongs to them. They never joined anything.
removed=()
for marker in "$POOL"/*.qcow2.creating; do
    [[ -e $marker ]] || continue
    disk=${marker%.creating}
    mapfile -t marked <"$marker"
    domain=${marked[0]:-} uuid=${marked[1]:-}
    [[ ${marked[2]:-} == "$REGION" ]] || continue
    is_wanted "$domain" && continue
    if grep -qxF -- "$domain" <<<"$domains"; then
        if [[ $(vir domuuid "$domain") != "$uuid" || $(region_of "$domain") != "$REGION" ]]; then
            say "$domain is not this region's: its files stay"
            continue
        fi
        changed "unfinished guest $domain removed"
        if ! checking; then
            # It may be off already; undefining one that runs would leave it running without a definition.
            vir destroy "$domain" || true
            [[ $(vir domstate "$domain") == "shut off" ]] ||
                fail "$domain could not be stopped" "stop it by hand (virsh destroy $domain), then run again"
            vir undefine "$domain" --nvram --managed-save --snapshots-metadata --checkpoints-metadata ||
                fail "$domain could not be undefined" "undo it by hand (virsh undefine $domain --nvram), then run again"
        fi
    fi
    drop "$disk" "$disk.new" "${marked[6]}" "${marked[6]}.new" "${marked[7]}" "$marker.new" "$marker"
    removed+=("$domain")
done

# Finished guests of the region that the stack does not have: told, and left alone.
unwanted=()
domains=$(vir list --all --name)
while read -r domain; do
    [[ -n $domain ]] || continue
    is_wanted "$domain" && continue
    [[ $(region_of "$domain") == "$REGION" ]] && ! [[ " ${removed[*]} " == *" $domain "* ]] && unwanted+=("$domain")
done <<<"$domains"

# Bases: every disk of the pool and every domain is asked first; one that cannot be read stops it.
used=$(for disk in "$POOL"/*.qcow2 "$POOL"/*.qcow2.new; do
    [[ -e $disk && ${disk##*/} != fjord-base-* ]] || continue
    qemu-img info -U -f qcow2 --output=json "$disk" || echo unreadable
done
while read -r domain; do
    [[ -z $domain ]] || vir dumpxml "$domain" || echo unreadable
done <<<"$domains")
pruned=()
for base in "$POOL"/fjord-base-*.qcow2; do
    [[ ${base##*/} =~ ^fjord-base-[0-9a-f]{12}\.qcow2$ ]] || continue
    [[ " ${KEEP[*]} " == *" $base "* ]] && continue
    if grep -qx unreadable <<<"$used"; then
        say "not every disk could be read: $base stays"
        continue
    fi
    grep -qF -- "$base" <<<"$used" && continue
    # Another region may have put it there for a guest that it is about to make.
    (($(date +%s) - $(stat -c %Y "$base") >= GRACE * 60)) || continue
    drop "$base" "$base.ok"
    pruned+=("$base")
done
printf '{"removed":"%s","unwanted":"%s","pruned":"%s"}\n' "${removed[*]}" "${unwanted[*]}" "${pruned[*]}" >&4
