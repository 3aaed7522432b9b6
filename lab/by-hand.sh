#!/usr/bin/env bash
# The region as a careful person puts it up by hand: ssh, kubeadm and kubectl, as parallel as a script makes it, and with
# the same end state as `pulumi up`. It is what the program is measured against. Nothing here is safe to run twice.
# Usage: by-hand.sh FOLDER SSH_CONFIG   (FOLDER is written by by-hand.ts)
# Prints one line a milestone: seconds since the start, a tab, the milestone.
set -euo pipefail

readonly folder=$1 ssh_config=$2
readonly kubectl="sudo kubectl --kubeconfig /etc/kubernetes/admin.conf"
sockets=$(mktemp -d)
readonly sockets
started=$(date +%s%N)
readonly started

# One connection a server, kept while the script runs.
on() {
    local node=$1
    shift
    ssh -F "$ssh_config" -o ControlMaster=auto -o ControlPath="$sockets/%h" -o ControlPersist=30 "$node" "$@"
}

milestone() {
    local passed=$((($(date +%s%N) - started) / 1000000))
    printf '%d.%03d\t%s\n' "$((passed / 1000))" "$((passed % 1000))" "$1"
}

# A failure ends what still runs beside it, too.
tidy_up() {
    local socket
    mapfile -t running < <(jobs -p)
    ((${#running[@]} == 0)) || kill "${running[@]}" 2>/dev/null || true
    for socket in "$sockets"/*; do
        [[ -S $socket ]] && ssh -F "$ssh_config" -o ControlPath="$socket" -O exit ignored 2>/dev/null
    done
    rm -rf "$sockets"
}
trap tidy_up EXIT

names() { awk -v role="$1" '$2 == role { print $1 }' "$folder/nodes"; }
mapfile -t control_planes < <(names control-plane)
mapfile -t workers < <(names worker)
readonly control_planes workers
readonly first=${control_planes[0]}

# Runs on the server, after its files are in place: kernel settings, packages, services.
prepare_here() {
    set -euo pipefail
    export DEBIAN_FRONTEND=noninteractive
    xargs -n 1 modprobe </etc/modules-load.d/by-hand.conf 2>/dev/null || true
    local key rule value current
    # Settings that the server does not have belong to the machine it is a container of.
    while IFS='|' read -r key rule value _; do
        local file=/proc/sys/${key//.//}
        [[ -e $file ]] || continue
        current=$(tr -s '\t' ' ' <"$file")
        if [[ $rule == exact && $current != "$value" ]] || { [[ $rule == at-least ]] && ((current < value)); }; then
            printf '%s\n' "$value" >"$file"
            printf '%s = %s\n' "$key" "$value" >>/etc/sysctl.d/90-by-hand.conf
        fi
    done </etc/by-hand/kernel
    apt-get -qq update
    xargs apt-get -qq -y -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 install --no-install-recommends \
        </etc/by-hand/packages >/dev/null
    xargs apt-mark hold </etc/by-hand/held >/dev/null
    systemctl daemon-reload
    systemctl enable --quiet --now by-hand-firewall
    systemctl enable --quiet containerd haproxy kubelet
    systemctl restart containerd haproxy
}

pull_here() { xargs -n 1 -P 3 crictl pull </etc/by-hand/images >/dev/null; }

prepare() {
    tar -C "$folder/nodes.d/$1" -c . | on "$1" "sudo tar -C / -x --no-same-owner --no-overwrite-dir"
    { declare -f prepare_here; echo prepare_here; } | on "$1" "sudo bash -s >/tmp/by-hand.log 2>&1"
}

pull() { { declare -f pull_here; echo pull_here; } | on "$1" "sudo bash -s"; }

# join NODE CA_HASH
join() {
    sed "s/CA_CERT_HASH/$2/" "$folder/kubeadm/$1.yaml" | on "$1" "sudo install -m 0600 /dev/stdin /run/kubeadm.yaml"
    on "$1" "sudo kubeadm join --config /run/kubeadm.yaml >/tmp/kubeadm.log 2>&1 && sudo rm /run/kubeadm.yaml"
}

join_control_plane() {
    on "$first" "sudo tar -C /etc/kubernetes/pki -c ca.crt ca.key sa.pub sa.key front-proxy-ca.crt front-proxy-ca.key etcd/ca.crt etcd/ca.key" |
        on "$1" "sudo install -d -m 0755 /etc/kubernetes/pki && sudo tar -C /etc/kubernetes/pki -x"
    join "$1" "$2"
}

apply() { on "$first" "$kubectl apply --server-side --force-conflicts -f - >/dev/null" <"$folder/manifests/$1.yaml"; }

platform() {
    apply network
    apply crds
    # A CRD so new that it has no status yet is an error to kubectl.
    until on "$first" "$kubectl wait --for=condition=Established crd --all --timeout=60s >/dev/null 2>&1"; do sleep 0.5; done
    apply namespaces
    apply platform
    milestone "platform applied"
    apply applications
}

declare -A prepared=()
pulls=()
for node in "${control_planes[@]}" "${workers[@]}"; do
    prepare "$node" &
    prepared[$node]=$!
done

wait "${prepared[$first]}"
milestone "first server prepared"
on "$first" "sudo install -m 0600 /dev/stdin /run/kubeadm.yaml" <"$folder/kubeadm/$first.yaml"
on "$first" "sudo kubeadm init --skip-token-print --config /run/kubeadm.yaml >/tmp/kubeadm.log 2>&1 && sudo rm /run/kubeadm.yaml" &
init=$!
for node in "${control_planes[@]:1}" "${workers[@]}"; do
    wait "${prepared[$node]}"
    pull "$node" &
    pulls+=($!)
done
milestone "servers prepared"
wait "$init"
milestone "cluster begun"

hash=$(on "$first" "sudo openssl x509 -in /etc/kubernetes/pki/ca.crt -pubkey -noout | openssl pkey -pubin -outform der | sha256sum" | cut -d' ' -f1)
platform &
platform=$!
joins=()
for node in "${workers[@]}"; do
    join "$node" "$hash" &
    joins+=($!)
done
for node in "${control_planes[@]:1}"; do
    join_control_plane "$node" "$hash"
done
for job in "${joins[@]}"; do wait "$job"; done
milestone "servers joined"
for job in "$platform" "${pulls[@]}"; do wait "$job"; done
on "$first" "sudo kubeadm token delete --kubeconfig /etc/kubernetes/admin.conf $(cat "$folder/kubeadm/token-id") >/dev/null"

on "$first" "$kubectl wait --for=condition=Ready node --all --timeout=120s >/dev/null"
on "$first" "$kubectl -n argocd wait --for=jsonpath='{.status.sync.status}'=Synced --for=jsonpath='{.status.health.status}'=Healthy application --all --timeout=300s >/dev/null"
on "$first" "$kubectl wait --for=condition=Available deployment --all --all-namespaces --timeout=120s >/dev/null"
on "$first" "$kubectl get daemonset --all-namespaces --no-headers -o custom-columns=NS:.metadata.namespace,NAME:.metadata.name" |
    while read -r namespace name; do
        on "$first" "$kubectl -n $namespace rollout status daemonset/$name --timeout=120s >/dev/null" </dev/null
    done
milestone "application healthy"

read -r address host <"$folder/check"
until curl --silent --fail --max-time 5 --header "Host: $host" --output /dev/null "http://$address/"; do sleep 0.25; done
milestone "application answers"
