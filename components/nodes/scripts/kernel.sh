# Kernel modules and settings. Each is applied, read back, and written down for the next boot. What a setting was before
# the first change is recorded in /var/lib/fjord/sysctl.before, for the day when the machine is given back.
# Parameters: MODULES (name|proof), SETTINGS (key|exact or at-least|value|scope).
# shellcheck shell=bash

before=/var/lib/fjord/sysctl.before
boot_file=90-fjord.conf
in_container=false
if systemd-detect-virt --quiet --container; then in_container=true; fi

module_present() {
    case $1 in
    filesystem:*) grep -qw "${1#filesystem:}" /proc/filesystems ;;
    *) [[ -e $1 ]] ;;
    esac
}

module_names=()
for entry in "${MODULES[@]}"; do
    IFS='|' read -r name proof <<<"$entry"
    module_names+=("$name")
    module_present "$proof" && continue
    changed "module $name"
    checking && continue
    modprobe "$name" || true
    module_present "$proof" ||
        fail "the kernel module $name cannot be loaded ($proof is missing, kernel $(uname -r))" \
            "install the package with the modules of the running kernel, or reboot into the installed one"
done
put_file /etc/modules-load.d/fjord.conf 0644 < <(printf '%s\n' "${module_names[@]}") || true

# Values that files after ours set at boot: they would win, so they must agree.
declare -A later=()
while IFS= read -r file; do
    while IFS='=' read -r key value; do
        later[$key]="$value|$file"
    done < <(sed -n 's/^[[:space:]]*-\{0,1\}\([a-z][^=[:space:]]*\)[[:space:]]*=[[:space:]]*\(.*[^[:space:]]\)[[:space:]]*$/\1=\2/p' "$file")
done < <(find /usr/lib/sysctl.d /usr/local/lib/sysctl.d /run/sysctl.d /etc/sysctl.d -name '*.conf' -printf '%f\t%p\n' 2>/dev/null |
    sort | awk -F'\t' -v ours="$boot_file" '$1 > ours { print $2 }')

# satisfies RULE WANTED ACTUAL
satisfies() {
    if [[ $1 == exact ]]; then [[ $3 == "$2" ]]; else (($3 >= $2)); fi
}

current_of() { tr -s '\t' ' ' <"/proc/sys/${1//.//}"; }

checking || install -d -m 0700 /var/lib/fjord
checking || touch "$before"
lines=("# Written by fjord; changes are overwritten.")
for entry in "${SETTINGS[@]}"; do
    IFS='|' read -r key rule value scope <<<"$entry"
    if [[ ! -e /proc/sys/${key//.//} ]]; then
        # A container sees only the settings of its own namespaces; the others belong to the machine that it runs on.
        if $in_container && [[ $scope == machine ]]; then
            say "$key: not in this container, left to its host"
            continue
        fi
        fail "the kernel has no setting $key ($(uname -r))" "use a kernel of a supported Debian or Ubuntu release"
    fi
    current=$(current_of "$key")
    recorded=$(sed -n "s/^${key//./\\.}=//p" "$before" 2>/dev/null || true)
    if [[ -z $recorded ]]; then
        recorded=$current
        # An empty value is recorded as such: that the line is there counts.
        checking || grep -q "^${key//./\\.}=" "$before" || printf '%s=%s\n' "$key" "$current" >>"$before"
    fi
    if [[ -n ${later[$key]:-} ]] && ! satisfies "$rule" "$value" "${later[$key]%%|*}"; then
        fail "${later[$key]##*|} sets $key to ${later[$key]%%|*} at boot, fjord needs $value" \
            "take the line out of that file"
    fi
    # Which settings are in the file depends on what the machine had at first, so that raising twice changes nothing.
    if [[ $rule == exact ]] || ! satisfies "$rule" "$value" "$recorded"; then lines+=("$key = $value"); fi
    if satisfies "$rule" "$value" "$current"; then continue; fi
    changed "$key: $current -> $value"
    checking && continue
    printf '%s\n' "$value" >"/proc/sys/${key//.//}" ||
        fail "$key cannot be set to $value (it is $current)" \
            "see whether the machine is a container whose host decides this"
    actual=$(current_of "$key")
    satisfies "$rule" "$value" "$actual" || fail "$key was set to $value but reads back $actual" \
        "see which program resets it"
done
put_file "/etc/sysctl.d/$boot_file" 0644 < <(printf '%s\n' "${lines[@]}") || true
