# containerd's configuration, its registries, and the proof that it runs with them.
# Parameters: CONFIG, UNIT, CRICTL (texts), REGISTRIES and REGISTRY_HOSTS (lists of equal length).
# shellcheck shell=bash

put_file /etc/containerd/config.toml 0644 < <(printf '%s' "$CONFIG") || true
put_file /etc/systemd/system/containerd.service.d/fjord.conf 0644 < <(printf '%s' "$UNIT") || true
put_file /etc/crictl.yaml 0644 < <(printf '%s' "$CRICTL") || true

# Registries are read at every pull: they need no restart.
for index in "${!REGISTRIES[@]}"; do
    put_file "/etc/containerd/certs.d/${REGISTRIES[index]}/hosts.toml" 0644 < <(printf '%s' "${REGISTRY_HOSTS[index]}") || true
done
for file in /etc/containerd/certs.d/*/hosts.toml; do
    if ! grep -qs 'Written by fjord' "$file"; then continue; fi
    name=${file%/hosts.toml}
    [[ " ${REGISTRIES[*]} " == *" ${name##*/} "* ]] || drop "$name"
done

# What containerd was last started with; a run that ended between the files and the restart is made good by this.
stamp=/var/lib/fjord/containerd.loaded
wanted=$(printf '%s\n%s' "$CONFIG" "$UNIT" | sha256sum)
if [[ $(cat "$stamp" 2>/dev/null) != "$wanted" ]] || ! systemctl is-active --quiet containerd; then
    changed "containerd restarted"
    if ! checking; then
        systemctl daemon-reload
        # Debian enables what it installs, and enabling again reads every unit anew.
        systemctl is-enabled --quiet containerd || systemctl enable --quiet containerd
        systemctl restart containerd ||
            fail "containerd does not start: $(journalctl -u containerd -n 20 --no-pager -o cat | grep -i -m1 'level=fatal\|level=error\|containerd:' || echo 'no message')" \
                "see journalctl -u containerd on the machine"
    fi
fi

if ! checking; then
    for ((try = 0; try < 300; try++)); do
        if crictl info >/dev/null 2>&1; then break; fi
        sleep 0.1
    done
    crictl info >/dev/null || fail "containerd runs but its CRI socket does not answer after 30 s" \
        "see journalctl -u containerd on the machine"
    # Read back what containerd made of the file: a misspelt key is silently ignored by it.
    actual=$(containerd config dump)
    while IFS= read -r line; do
        key=${line%% = *} value=${line#* = }
        value=${value//\'/\"}
        grep -F -- "$key = " <<<"${actual//\'/\"}" | grep -qF -- "$value" ||
            fail "containerd does not use \"$line\" of its configuration" \
                "compare /etc/containerd/config.toml with the output of: containerd config dump"
    done < <(sed -n 's/^  \([A-Za-z_]* = .*\)$/\1/p' <<<"$CONFIG")
    [[ $(systemctl show -P LimitNOFILE containerd) == "$(sed -n 's/^LimitNOFILE=.*:\(.*\)$/\1/p' <<<"$UNIT")" ]] ||
        fail "containerd's limit of open files is $(systemctl show -P LimitNOFILE containerd)" \
            "see systemctl cat containerd for a drop-in that overrides fjord's"
    install -d -m 0700 /var/lib/fjord
    printf '%s\n' "$wanted" >"$stamp"
fi
