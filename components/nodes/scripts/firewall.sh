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
printf 'define %s = { %s }\n%s' "$SSH_VARIABLE" "$ports" "$RULESET" >"$candidate"
nft -c -f "$candidate" || fail "nftables refuses the ruleset: $(nft -c -f "$candidate" 2>&1 | head -n 1)" \
    "this is a defect of fjord or of the machine's nftables ($(nft --version)): report it"

in_set() { nft get element inet fjord "$1" "{ $client }" >/dev/null 2>&1; }
loaded() { nft -s list table inet fjord 2>/dev/null; }

if ! cmp -s "$candidate" "$file" || [[ $(loaded) != "$(cat "$listing" 2>/dev/null)" || -z $(loaded) ]]; then
    changed "table inet fjord"
    if ! checking; then
        nft -f "$candidate"
        # Nobody locks himself out: the address that this very session comes from must be let in again.
        if [[ -n ${client:-} ]] && ! in_set ssh_from && ! in_set nodes; then
            if [[ -e $file ]]; then nft -f "$file"; else nft delete table inet fjord; fi
            rm -f "$candidate"
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
    systemctl reload-or-restart fjord-firewall
    [[ -n $(loaded) ]] || fail "the table inet fjord is not there after it was loaded" \
        "see which program flushes nftables: nft monitor"
    install -d -m 0700 /var/lib/fjord
    loaded >"$listing"
fi
