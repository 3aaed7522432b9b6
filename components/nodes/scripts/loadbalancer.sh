# The API load balancer of this node: haproxy on 127.0.0.1.
# Parameters: CONFIG (text), PORT.
# shellcheck shell=bash

file=/etc/haproxy/haproxy.cfg
stamp=/var/lib/fjord/loadbalancer.loaded

candidate=$(mktemp)
printf '%s' "$CONFIG" >"$candidate"
haproxy -c -q -f "$candidate" ||
    fail "haproxy refuses its configuration: $(haproxy -c -f "$candidate" 2>&1 | grep -m1 ALERT || true)" \
        "this is a defect of fjord or of this haproxy ($(haproxy -v | head -n 1)): report it"
put_file "$file" 0644 <"$candidate" || true
rm -f "$candidate"

wanted=$(sha256sum <<<"$CONFIG")
if [[ $(cat "$stamp" 2>/dev/null) != "$wanted" ]] || ! systemctl is-active --quiet haproxy; then
    changed "haproxy reloaded"
    if ! checking; then
        systemctl is-enabled --quiet haproxy || systemctl enable --quiet haproxy
        systemctl reload-or-restart haproxy || fail "haproxy does not start" "see journalctl -u haproxy on the machine"
    fi
fi

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; }
if ! checking; then
    for ((try = 0; try < 100; try++)); do
        if listening; then break; fi
        sleep 0.1
    done
    listening || fail "the load balancer does not listen on 127.0.0.1:$PORT after 10 s" \
        "see journalctl -u haproxy on the machine"
    install -d -m 0700 /var/lib/fjord
    printf '%s\n' "$wanted" >"$stamp"
fi
