# Makes the machine this stack's: marker, host name, names of the region. A machine of another stack, or of this stack
# under another name, is refused.
# Parameters: STACK, MARKER (text of node.json), HOSTS_BLOCK (text), HOSTS_BEGIN, HOSTS_END (its first and last line).
# shellcheck shell=bash

marker=/etc/fjord/node.json
if [[ -e $marker ]]; then
    owner=$(sed -n 's/.*"stack": *"\([^"]*\)".*/\1/p' "$marker")
    name=$(sed -n 's/.*"node": *"\([^"]*\)".*/\1/p' "$marker")
    if [[ $owner != "$STACK" || $name != "$NODE" ]]; then
        fail "this machine is ${name:-unnamed} of stack ${owner:-unknown} ($marker)" \
            "remove it from that stack with pulumi up, or, if that stack is gone for good, reinstall the machine"
    fi
fi
put_file "$marker" 0644 < <(printf '%s' "$MARKER") || true

if [[ $(hostname) != "$NODE" || $(cat /etc/hostname 2>/dev/null) != "$NODE" ]]; then
    changed "host name $(hostname) -> $NODE"
    if ! checking; then
        install -d -m 0700 /var/lib/fjord
        [[ -e /var/lib/fjord/hostname.before ]] || hostname >/var/lib/fjord/hostname.before
        printf '%s\n' "$NODE" >/etc/hostname
        hostname "$NODE"
    fi
fi
# cloud-init would put the old name back at the next boot.
if [[ -d /etc/cloud/cloud.cfg.d ]]; then
    put_file /etc/cloud/cloud.cfg.d/99-fjord.cfg 0644 < <(printf 'preserve_hostname: true\nmanage_etc_hosts: false\n') || true
fi

# The block comes first: an image's own line for the host name (127.0.1.1) must not win.
without_block() {
    [[ -e /etc/hosts ]] || return 0
    awk -v begin="$HOSTS_BEGIN" -v end="$HOSTS_END" '$0 == begin { skip = 1 } !skip { print } $0 == end { skip = 0 }' /etc/hosts
}
put_file /etc/hosts 0644 < <(printf '%s' "$HOSTS_BLOCK"; without_block) || true
address=$(getent ahostsv4 "$NODE" | awk 'NR == 1 { print $1 }')
checking || grep -qF -- "$address $NODE" <<<"$HOSTS_BLOCK" ||
    fail "$NODE resolves to ${address:-nothing} on this machine" \
        "check the hosts line of /etc/nsswitch.conf: files must come first"
