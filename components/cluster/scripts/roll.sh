# shellcheck shell=bash
# One part of changing a running node; which part is said by PART, so that the node's health can be looked at between.
# Parameters: PART (kubeadm | upgrade | settings | kubelet | done), ROLE, VERSION, PACKAGES (name=version),
#             IGNORE (kubeadm's checks to leave out),
#             UPLOAD (true: this node brings the cluster's own copy of the settings up to date), REGION, SETTINGS,
#             CONFIG (the kubeadm file), FILE_PATHS, FILE_MODES, FILE_CONTENTS (as in member.sh; secret)

readonly CONFIG_FILE=/run/fjord/kubeadm.yaml

# Installs what is not there in its version. apt takes the hold off what it may change although it is held.
install_held() {
    local entry missing=()
    for entry in "${PACKAGES[@]}"; do
        [[ $(dpkg-query -W -f '${Version}' "${entry%%=*}" 2>/dev/null) == "${entry#*=}" ]] || missing+=("$entry")
    done
    ((${#missing[@]} > 0)) || return 0
    apt update
    apt install --allow-change-held-packages --allow-downgrades "${missing[@]}"
    apt-mark hold "${missing[@]%%=*}"
    # Pods go on running while containerd restarts.
    if [[ " ${missing[*]}" == *" containerd.io="* ]]; then systemctl restart containerd; fi
}

# etcd's manifest as it would be now, beside the one that is there. The kubelet takes three minutes to put another one into
# force, so it is only written where there is need. How the member began is none: kubeadm writes that of every member as if
# it were the first, and one that has data does not read it.
readonly PLANNED=/run/fjord/planned
plan_etcd() {
    rm -rf "$PLANNED"
    install -d -m 0700 "$PLANNED"
    KUBEADM_INIT_DRYRUN_DIR=$PLANNED kubeadm init phase etcd local --dry-run --config "$CONFIG_FILE"
}
etcd_differs() {
    ! diff -q <(grep -v -- --initial-cluster "$PLANNED/etcd.yaml") <(grep -v -- --initial-cluster /etc/kubernetes/manifests/etcd.yaml)
}

if checking; then
    changed "roll: $PART"
else
    case $PART in
    kubeadm) install_held ;;
    upgrade)
        options=()
        if ((${#IGNORE[@]} > 0)); then options=(--ignore-preflight-errors="$(IFS=,; printf '%s' "${IGNORE[*]}")"); fi
        if [[ $UPLOAD == true ]]; then
            kubeadm upgrade apply --yes "v$VERSION" "${options[@]}"
        else
            kubeadm upgrade node "${options[@]}"
        fi
        ;;
    settings)
        trap 'rm -f "$CONFIG_FILE"' EXIT
        install -m 0600 /dev/null "$CONFIG_FILE"
        printf '%s' "$CONFIG" >"$CONFIG_FILE"
        for i in "${!FILE_PATHS[@]}"; do
            printf '%s' "${FILE_CONTENTS[i]}" | put_file "${FILE_PATHS[i]}" "${FILE_MODES[i]}" || { status=$?; ((status == 1)) || exit "$status"; }
        done
        if [[ $UPLOAD == true ]]; then
            kubeadm init phase upload-config all --config "$CONFIG_FILE"
            kubeadm init phase addon all --config "$CONFIG_FILE"
            # Its pods do not notice a changed ConfigMap by themselves.
            kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system rollout restart daemonset/kube-proxy
        fi
        if [[ $ROLE == control-plane ]]; then
            plan_etcd
            if etcd_differs; then kubeadm init phase etcd local --config "$CONFIG_FILE"; fi
            kubeadm init phase control-plane all --config "$CONFIG_FILE"
        fi
        # kubeadm names a folder of its own by the second, and fails where the part before has just made one of that name.
        sleep 1
        kubeadm upgrade node phase kubelet-config
        ;;
    kubelet)
        install_held
        systemctl daemon-reload
        systemctl restart kubelet
        ;;
    done)
        printf '%s %s\n' "$REGION" "$SETTINGS" >/etc/fjord/member.new
        mv -f /etc/fjord/member.new /etc/fjord/member
        ;;
    *) fail "no such part of a roll: $PART" "this is a defect of fjord" ;;
    esac
    changed "roll: $PART"
fi
