# The machine's firewall: one nftables table, loaded in one transaction and again at every boot.
# Parameters: RULESET (text), UNIT (text of the systemd unit), SSH_VARIABLE (name that RULESET uses for the SSH ports).
# shellcheck shell=bash

file=/etc/fjord/firewall.nft
listing=/var/lib/fjord/firewall.listing

# The SSH session that this script came in by, as the server sees it: client address and port, own address and port.
ssh_session() {
    local pid=$$ text
    while ((pid > 1)); do
        text=$(tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | sed -n 's/^SSH_CONNECTION=//p')
        [[ -n $text ]] && break
        pid=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
    done
    printf '%s\n' "${text:-}"
}
read -r client _ _ session_port <<<"$(ssh_session)"

ports=$(
    { sshd -T 2>/dev/null | awk '$1 == "port" { print $2 }'; printf '%s\n' "${session_port:-}"; } |
        grep -E '^[0-9]+$' | sort -un | paste -sd, || true
)
[[ -n $ports ]] || fail "the ports of the SSH server are unknown (sshd -T says nothing)" \
    "check the server's configuration: sshd -t"

candidate=$(mktemp)
# Beside the ruleset, because it must not be loaded again later: those that leave.
timed=$(mktemp)
printf 'define %s = { %s }\n%s' "$SSH_VARIABLE" "$ports" "$RULESET" >"$candidate"
nft -c -f "$candidate" || fail "nftables refuses the ruleset: $(nft -c -f "$candidate" 2>&1 | head -n 1)" \
    "this is a defect of fjord or of the machine's nftables ($(nft --version)): report it"

in_set() { nft get element inet fjord "$1" "{ $client }" >/dev/null 2>&1; }
# Without the addresses that are let in for a while: whether they are still there is no drift. One that has a time of
# its own, and so might stay for long, is.
loaded() { nft -s list table inet fjord 2>/dev/null | sed -zE 's/(set [a-z_]+_leaving \{[^{}]*)\n\t\telements = \{[0-9.,[:space:]]+\}/\1/g'; }

# members SET FILE: the addresses of one of a ruleset's sets, one a line.
members() { sed -nE "/^ +set $1 \{/,/^ +\}/s/^ +elements = \{ (.*) \}$/\1/p" "$2" | tr -d ' ' | tr , '\n' | sed 's|/32$||' | sort; }

# still SET: the addresses that are let in for a while already, and until when: `10.0.0.23 expires 9m59s`.
still() {
    { nft list set inet fjord "$1_leaving" 2>/dev/null || true; } | tr -s '\n\t ' ' ' |
        sed -nE 's/.* elements = \{ ([^}]*) \}.*/\1/p' | sed 's/, /\n/g' | { grep -E '^[0-9.]+ expires [0-9a-z]+$' || true; }
}

# leaving SET: what the new table has to let in for a while: what the ruleset until now had and the new one has not,
# and what was let in for a while before, for the rest of its time.
leaving() {
    local before
    before=$(still "$1")
    { [[ -z $before ]] || printf '%s\n' "$before"; }
    if [[ -e $file ]]; then
        comm -23 <(members "$1" "$file") <(members "$1" "$candidate") | { grep -vxF -- "$(cut -d' ' -f1 <<<"$before")" || true; }
    fi
}

if ! cmp -s "$candidate" "$file" || [[ $(loaded) != "$(cat "$listing" 2>/dev/null)" || -z $(loaded) ]]; then
    changed "table inet fjord"
    if ! checking; then
        for set in nodes control_planes; do
            addresses=$(leaving "$set" | paste -sd, -)
            if [[ -n $addresses ]]; then
                say "let in for a while, since they leave: $set $addresses"
                printf 'add element inet fjord %s_leaving { %s }\n' "$set" "$addresses" >>"$timed"
            fi
        done
        # A rest that is longer than the time that the new table gives is refused: then it begins anew.
        cat "$candidate" "$timed" | nft -c -f - || sed -Ei 's/ expires [0-9a-z]+//g' "$timed"
        cat "$candidate" "$timed" | nft -f -
        # Nobody locks himself out: the address that this very session comes from must be let in again.
        if [[ -n ${client:-} ]] && ! in_set ssh_from && ! in_set nodes; then
            if [[ -e $file ]]; then nft -f "$file"; else nft delete table inet fjord; fi
            rm -f "$candidate" "$timed"
            fail "the firewall would shut out $client, from which this session comes; it was taken back" \
                "add a CIDR with $client to fjord:ssh.allowFrom"
        fi
    fi
fi
put_file "$file" 0600 <"$candidate" || true
rm -f "$candidate"

put_file /etc/systemd/system/fjord-firewall.service 0644 < <(printf '%s' "$UNIT") || true
if ! systemctl is-enabled --quiet fjord-firewall 2>/dev/null || ! systemctl is-active --quiet fjord-firewall; then
    changed "fjord-firewall.service"
fi
if ! checking && ((CHANGES > 0)); then
    systemctl daemon-reload
    systemctl enable --quiet fjord-firewall
    # What is loaded stays as it is where the unit is active. One that is not loads the file by its start, and with it
    # a table without those that leave.
    if ! systemctl is-active --quiet fjord-firewall; then
        systemctl start fjord-firewall
        nft -f "$timed"
    fi
    [[ -n $(loaded) ]] || fail "the table inet fjord is not there after it was loaded" \
        "see which program flushes nftables: nft monitor"
    install -d -m 0700 /var/lib/fjord
    loaded >"$listing"
fi
rm -f "$timed"
