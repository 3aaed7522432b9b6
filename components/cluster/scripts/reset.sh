# shellcheck shell=bash
# Undoes what kubeadm did to this machine: `kubeadm reset`, and what that leaves (CNI, links, nftables, marks).
# Parameters: CONFIG (the kubeadm file)

readonly CONFIG_FILE=/run/fjord/kubeadm-reset.yaml

member_traces() {
    local path
    for path in /etc/fjord/member /etc/fjord/member-started /var/lib/kubelet/config.yaml /etc/kubernetes/kubelet.conf /etc/kubernetes/pki/ca.crt /etc/kubernetes/pki/ca.key /var/lib/etcd/member; do
        if [[ -e $path ]]; then return 0; fi
    done
    return 1
}

if member_traces; then
    changed "kubeadm reset"
    if ! checking; then
        if command -v kubeadm >/dev/null; then
            printf '%s' "$CONFIG" >"$CONFIG_FILE"
            # With containerd down or the API gone it warns and cleans what it can; what counts is checked below.
            timeout -k 5 150 kubeadm reset --config "$CONFIG_FILE" || say "kubeadm reset ended with code $?"
            rm -f "$CONFIG_FILE"
        fi
        systemctl stop kubelet 2>/dev/null || true
        rm -rf /etc/kubernetes/fjord /etc/kubernetes/tmp /var/lib/kubelet/config.yaml /etc/cni/net.d/10-flannel.conflist /var/lib/cni /run/flannel
        find /etc/kubernetes/manifests /etc/kubernetes/pki /var/lib/etcd -mindepth 1 -delete 2>/dev/null || true
        for link in cni0 flannel.1; do
            if ip link show "$link" >/dev/null 2>&1; then ip link delete "$link"; fi
        done
        for table in "ip kube-proxy" "ip6 kube-proxy" "ip flannel-ipv4" "ip6 flannel-ipv6"; do
            # shellcheck disable=SC2086 # family and name are two words
            if nft list table $table >/dev/null 2>&1; then nft delete table $table; fi
        done
        if [[ -e /etc/kubernetes/kubelet.conf || -n $(ls -A /var/lib/etcd 2>/dev/null) ]]; then
            fail "kubeadm reset left members' data behind" "look at the log, then run: kubeadm reset -f"
        fi
    fi
fi
drop /etc/fjord/member /etc/fjord/member-started
