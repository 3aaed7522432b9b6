# Gives the machine back as it was before adopt.sh: what fjord installed, wrote or set goes; what was there before
# stays. It works from the machine's own records, so that it also ends what an interrupted earlier run began. Leaving
# the cluster (drain, delete, reset) is another step and has happened before; what it left behind goes here.
# Parameters: STACK, LOGIN, KEY_COMMENT (of the stack's key), HOSTS_BEGIN, HOSTS_END.
# shellcheck shell=bash

state=/var/lib/fjord
if [[ ! -e /etc/fjord/node.json ]]; then
    say "no marker: nothing of fjord's on this machine"
elif ! grep -q "\"stack\": *\"$STACK\"" /etc/fjord/node.json; then
    fail "this machine belongs to another stack (/etc/fjord/node.json)" \
        "remove it from that stack, or take it out of this one's state: pulumi state delete"
else
    unmount_below() {
        local path
        while IFS= read -r path; do
            umount -l "$path" || true
        done < <(awk -v top="$1/" 'index($2, top) == 1 { print $2 }' /proc/self/mounts | sort -r)
    }

    # Pods first, while the runtime can still end them in order.
    systemctl stop kubelet 2>/dev/null || true
    if systemctl is-active --quiet containerd; then
        timeout 120 crictl rmp -af || true
        systemctl kill --kill-whom=all --signal=SIGKILL containerd 2>/dev/null || true
        systemctl stop containerd || true
    fi
    for top in /var/lib/kubelet /run/containerd /var/lib/containerd /run/netns; do unmount_below "$top"; done

    # The firewall: its unit's stop deletes the table. Then the tables of kube-proxy and flannel, by their names.
    systemctl disable --quiet --now fjord-firewall 2>/dev/null || true
    drop /etc/systemd/system/fjord-firewall.service
    for table in "inet fjord" "ip kube-proxy" "ip6 kube-proxy" "ip flannel-ipv4" "ip6 flannel-ipv6"; do
        # shellcheck disable=SC2086 # family and name are two words
        if nft list table $table >/dev/null 2>&1; then
            changed "nftables table $table removed"
            nft delete table $table
        fi
    done
    # What kubelet and CNI plugins put into tables that others use too: their chains and no others.
    for family in iptables ip6tables; do
        rules=$("$family-save" 2>/dev/null || true)
        if grep -qE 'KUBE-|CNI-|FLANNEL' <<<"$rules"; then
            changed "$family chains of the cluster removed"
            grep -vE 'KUBE-|CNI-|FLANNEL' <<<"$rules" | "$family-restore"
        fi
    done
    for link in cni0 flannel.1 flannel-v6.1; do
        if ip link show "$link" >/dev/null 2>&1; then
            changed "link $link removed"
            ip link delete "$link"
        fi
    done

    # Packages that came with fjord, with what they brought along; the owner's own stay.
    if [[ -s $state/packages.installed ]]; then
        mapfile -t installed < <(sort -u "$state/packages.installed")
        mapfile -t present < <(dpkg-query -W -f '${Package}\n' "${installed[@]}" 2>/dev/null | sort -u)
        if ((${#present[@]} > 0)); then
            changed "purged ${present[*]}"
            apt purge --allow-change-held-packages "${present[@]}"
        fi
    fi
    drop /etc/apt/apt.conf.d/60fjord /etc/apt/keyrings/fjord-*.asc /etc/apt/sources.list.d/fjord-*.sources
    drop /etc/containerd /etc/systemd/system/containerd.service.d/fjord.conf /etc/crictl.yaml
    if [[ ! -e /usr/sbin/haproxy ]]; then drop /etc/haproxy /var/lib/haproxy; fi
    rmdir --ignore-fail-on-non-empty /etc/systemd/system/containerd.service.d 2>/dev/null || true
    drop /etc/kubernetes /var/lib/kubelet /var/lib/etcd /var/lib/containerd /opt/containerd /opt/cni /etc/cni /var/lib/cni /run/flannel \
        /var/log/pods /var/log/containers /var/log/kubernetes
    systemctl daemon-reload
    systemctl reset-failed containerd kubelet haproxy fjord-firewall 2>/dev/null || true

    # Settings go back to what was recorded. A container's host keeps the settings of the whole machine: its other
    # containers may need them.
    drop /etc/modules-load.d/fjord.conf /etc/sysctl.d/90-fjord.conf
    if [[ -e $state/sysctl.before ]]; then
        while IFS='=' read -r key value; do
            path=/proc/sys/${key//.//}
            [[ -e $path && $(tr -s '\t' ' ' <"$path") != "$value" ]] || continue
            if [[ $key != net.* ]] && systemd-detect-virt --quiet --container; then continue; fi
            changed "$key back to ${value:-empty}"
            printf '%s\n' "$value" >"$path" || say "$key cannot be set back"
        done <"$state/sysctl.before"
    fi

    # The drift job's way in, as drift.sh makes it.
    systemctl disable --quiet --now fjord-drift.socket 2>/dev/null || true
    drop /etc/systemd/system/fjord-drift.socket /etc/systemd/system/fjord-drift@.service /usr/local/lib/fjord
    if getent passwd fjord-drift >/dev/null; then
        changed "user fjord-drift removed"
        # Its session outlives a login by some seconds.
        loginctl terminate-user fjord-drift 2>/dev/null || true
        for ((try = 0; try < 40; try++)); do
            if userdel fjord-drift; then break; fi
            sleep 0.5
        done
    fi
    systemctl daemon-reload

    drop /etc/cloud/cloud.cfg.d/99-fjord.cfg
    if [[ -s $state/hostname.before ]]; then
        changed "host name back to $(cat "$state/hostname.before")"
        cp "$state/hostname.before" /etc/hostname
        hostname -F /etc/hostname
    fi
    put_file /etc/hosts 0644 < <(
        awk -v begin="$HOSTS_BEGIN" -v end="$HOSTS_END" '$0 == begin { skip = 1 } !skip { print } $0 == end { skip = 0 }' /etc/hosts
    ) || true

    # Last the logs and records, the marker, and the key by which this very session came in.
    drop /var/log/fjord "$state" /etc/fjord
    file=$(getent passwd "$LOGIN" | cut -d: -f6)/.ssh/authorized_keys
    if grep -qF -- " $KEY_COMMENT" "$file" 2>/dev/null; then
        changed "key of the stack removed"
        sed -i "\\| $KEY_COMMENT\$|d" "$file"
    fi
fi
