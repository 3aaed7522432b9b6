# Package sources and packages, in one apt transaction. On a machine that is a member of a cluster a pinned package with
# another version is left alone: replacing it is the cluster's business, one node at a time.
# Parameters: SOURCE_NAMES, SOURCE_TEXTS, SOURCE_KEYS (lists of equal length), APT_CA, MIRROR_CA, PINNED (name=version),
# DISTRIBUTION (names), APT_WAIT (seconds).
# shellcheck shell=bash

installed_file=/var/lib/fjord/packages.installed

# What apt runs when it holds its lock, has all files, and is about to unpack them: the packages that its transaction
# brings anew, dependencies included, go on the list of what to purge one day. So the list has nothing that another
# installs, and all that a run installs which is ended in the middle. Of apt come (apt.conf(5), Pre-Install-Pkgs, version
# 2) name, version before or `-`, `<`, version after, and the file.
note_new="awk 'NF == 5 && \$2 == \"-\" && \$5 ~ /^\\// { print \$1 }' >>$installed_file"

# Name and version of every installed package; dpkg is asked once, not for each package.
declare -A versions=()
read_versions() {
    local status name version
    versions=()
    while read -r status name version; do
        if [[ $status == installed ]]; then versions[$name]=$version; fi
    done < <(dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n')
}

# Of a run of an earlier version of this script that was ended: what was installed before it. Which of the rest it has
# installed is not known, but of the packages that are asked for.
pending_file=/var/lib/fjord/packages.pending
take_pending() {
    [[ -e $pending_file ]] || return 0
    comm -13 "$pending_file" <(printf '%s\n' "${!versions[@]}" | sort -u) |
        grep -Fx -f <(printf '%s\n' "${PINNED[@]%%=*}" "${DISTRIBUTION[@]}") >>"$installed_file" || true
    rm -f "$pending_file"
}

refresh=false
if [[ -n $MIRROR_CA ]]; then
    put_file /etc/fjord/mirror-ca.crt 0644 < <(printf '%s' "$MIRROR_CA") || true
else
    drop /etc/fjord/mirror-ca.crt
fi
if [[ -n $APT_CA ]]; then
    put_file /etc/apt/apt.conf.d/60fjord 0644 < <(printf '%s' "$APT_CA") || true
else
    drop /etc/apt/apt.conf.d/60fjord
fi
for index in "${!SOURCE_NAMES[@]}"; do
    name=${SOURCE_NAMES[index]}
    if put_file "/etc/apt/keyrings/fjord-$name.asc" 0644 < <(printf '%s' "${SOURCE_KEYS[index]}"); then refresh=true; fi
    if put_file "/etc/apt/sources.list.d/fjord-$name.sources" 0644 < <(printf '%s' "${SOURCE_TEXTS[index]}"); then refresh=true; fi
done
for file in /etc/apt/sources.list.d/fjord-*.sources; do
    [[ -e $file ]] || continue
    name=${file##*/fjord-}
    name=${name%.sources}
    [[ " ${SOURCE_NAMES[*]} " == *" $name "* ]] || drop "$file" "/etc/apt/keyrings/fjord-$name.asc"
done

read_versions
member=false
if [[ -e /etc/kubernetes/kubelet.conf ]]; then member=true; fi
wanted=() kept=() names=()
for entry in "${PINNED[@]}"; do
    name=${entry%%=*} version=${entry#*=}
    names+=("$name")
    actual=${versions[$name]:-}
    [[ $actual == "$version" ]] && continue
    if $member && [[ -n $actual ]]; then
        say "$name stays at $actual ($version is wanted): this node is in a cluster"
        kept+=("$name")
        continue
    fi
    changed "$name ${actual:-none} -> $version"
    wanted+=("$entry")
done
for name in "${DISTRIBUTION[@]}"; do
    [[ -n ${versions[$name]:-} ]] && continue
    changed "$name installed"
    wanted+=("$name")
done

if ! checking; then
    install -d -m 0700 /var/lib/fjord
    if $refresh || ((${#wanted[@]} > 0)); then apt update; fi
    if ((${#wanted[@]} > 0)); then
        apt install --no-install-recommends --allow-downgrades --allow-change-held-packages \
            -o DPkg::Tools::Options::awk::Version=2 -o "DPkg::Pre-Install-Pkgs::=$note_new" "${wanted[@]}"
        read_versions
        for entry in "${wanted[@]}"; do
            name=${entry%%=*}
            actual=${versions[$name]:-}
            [[ -n $actual && ($entry == "$name" || $entry == "$name=$actual") ]] ||
                fail "$name should be ${entry#*=} but is ${actual:-not installed}" \
                    "see what else manages packages on this machine"
        done
    fi
    take_pending
fi

held=$(apt-mark showhold)
free=()
for name in "${names[@]}"; do
    grep -qx "$name" <<<"$held" && continue
    changed "hold $name"
    free+=("$name")
done
if ! checking && ((${#free[@]} > 0)); then apt-mark hold "${free[@]}"; fi
printf '{"kept":"%s"}\n' "${kept[*]}" >&4
