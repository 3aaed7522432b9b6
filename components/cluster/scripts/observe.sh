# shellcheck shell=bash
# Says what this machine holds of a cluster, as `key=value` lines. It changes nothing; because it waits for the
# machine's lock, it also waits for a script that an ended run left behind.
# Parameters: API (address and port of this machine's own API server; empty on a worker)

state() { printf '%s=%s\n' "$1" "$2" >&4; }

state started "$(cat /etc/fjord/member-started 2>/dev/null || true)"
state completed "$(cat /etc/fjord/member 2>/dev/null || true)"
if [[ -n $(ls -A /var/lib/etcd/member 2>/dev/null) ]]; then state etcdData true; else state etcdData false; fi
credentials=false
for path in /etc/kubernetes/*.conf /etc/kubernetes/pki/ca.crt /etc/kubernetes/pki/ca.key; do
    if [[ -e $path ]]; then credentials=true; fi
done
state credentials "$credentials"
state ca "$(base64 -w0 /etc/kubernetes/pki/ca.crt 2>/dev/null || true)"
state kubelet "$( (kubelet --version 2>/dev/null || true) | sed -n 's/^Kubernetes v//p')"
ready=false
if [[ -n $API && -f /etc/kubernetes/admin.conf ]]; then
    # An API server that is being restarted gets a moment.
    for _ in 1 2 3; do
        if timeout 6 kubectl --kubeconfig /etc/kubernetes/admin.conf --server "https://$API" --request-timeout=5s get --raw /readyz >/dev/null; then
            ready=true
            break
        fi
        sleep 1
    done
fi
state apiReady "$ready"
