# shellcheck shell=bash
# Makes this machine a member of the cluster with `kubeadm init` or `kubeadm join`. Two marks on the disk tell a later run
# how far this one came: member-started before anything is written, member when all is done.
# Parameters: VERB (init | join), REGION, SETTINGS, CONFIG (the kubeadm file; secret),
#             FILE_PATHS, FILE_MODES, FILE_CONTENTS (parallel lists: what must be there before; secret)

readonly MARKS=/etc/fjord CONFIG_FILE=/run/fjord/kubeadm.yaml

kubeadm_cause() {
    tail -n "+$1" "$LOG" | grep -E '\[ERROR|^error|rror execution phase|failed to pull' | sed 's/^[[:space:]]*//' | cut -c1-300 | tail -n 3 | tr '\n' ' '
}

if [[ -f $MARKS/member ]]; then
    say "already a member: $(cat "$MARKS/member")"
else
    changed "kubeadm $VERB"
    if ! checking; then
        trap 'rm -f "$CONFIG_FILE"' EXIT
        mkdir -p "$MARKS"
        printf '%s %s\n' "$VERB" "$REGION" >"$MARKS/member-started"
        for i in "${!FILE_PATHS[@]}"; do
            printf '%s' "${FILE_CONTENTS[i]}" | put_file "${FILE_PATHS[i]}" "${FILE_MODES[i]}" || { status=$?; ((status == 1)) || exit "$status"; }
        done
        install -m 0600 /dev/null "$CONFIG_FILE"
        printf '%s' "$CONFIG" >"$CONFIG_FILE"
        options=(--config "$CONFIG_FILE")
        if [[ $VERB == init ]]; then options+=(--skip-token-print); fi
        from=$(($(wc -l <"$LOG") + 1))
        systemctl enable --quiet kubelet || true
        if ! kubeadm "$VERB" "${options[@]}"; then
            fail "kubeadm $VERB: $(kubeadm_cause "$from")" "read the log, mend the cause (image mirror, disk, ports, load), run again; what was begun is undone first"
        fi
        rm -f "$CONFIG_FILE"
        printf '%s %s\n' "$REGION" "$SETTINGS" >"$MARKS/member.new"
        sync -f "$MARKS/member.new"
        mv -f "$MARKS/member.new" "$MARKS/member"
        rm -f "$MARKS/member-started"
    fi
fi
