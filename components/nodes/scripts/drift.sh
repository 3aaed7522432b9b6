# Lets a drift job ask this machine what differs, and nothing else. A user of its own, whose keys and whose login shell
# are bound to one program; that one connects to a socket of systemd's, which runs the machine's checks as root with all
# file systems read-only. What the job sends reaches nothing that has rights. Without keys all of it is taken away.
# Parameters: KEYS (type and key, without comment), LIBRARY, CHECKER, REPORTER (texts of programs), STEPS, CHECKS (lists
# of equal length: names and texts of the checks), CONTROL_PLANE (true or false), SOCKET, SERVICE (texts of the units).
# shellcheck shell=bash

readonly USER_NAME=fjord-drift
folder=/usr/local/lib/fjord/drift
units=/etc/systemd/system

# The port of the SSH server as the session sees it by which this script came in (as in firewall.sh).
session_port() {
    local pid=$$ text
    while ((pid > 1)); do
        text=$(tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | sed -n 's/^SSH_CONNECTION=//p')
        [[ -n $text ]] && break
        pid=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
    done
    awk '{ print $4 }' <<<"${text:-}"
}

# A session of the user outlives its login by some seconds, and a user with processes cannot be removed.
remove_user() {
    local try
    loginctl terminate-user "$USER_NAME" 2>/dev/null || true
    for ((try = 0; try < 40; try++)); do
        if userdel "$USER_NAME"; then return 0; fi
        sleep 0.5
    done
    fail "the user $USER_NAME cannot be removed" "end its processes (ps -u $USER_NAME), then run again"
}

if ((${#KEYS[@]} == 0)); then
    if ! checking; then systemctl disable --quiet --now fjord-drift.socket 2>/dev/null || true; fi
    drop "$units/fjord-drift.socket" "$units/fjord-drift@.service" "$folder"
    if ! checking; then rmdir --ignore-fail-on-non-empty "${folder%/*}" 2>/dev/null || true; fi
    if getent passwd "$USER_NAME" >/dev/null; then
        changed "user $USER_NAME removed"
        if ! checking; then remove_user; fi
    fi
    if ! checking; then systemctl daemon-reload; fi
else
    for index in "${!STEPS[@]}"; do
        put_file "$folder/checks/${STEPS[index]}.sh" 0600 < <(printf '%s' "${CHECKS[index]}") || true
    done
    for file in "$folder"/checks/*; do
        name=${file##*/}
        [[ " ${STEPS[*]/%/.sh} " == *" $name "* ]] || drop "$file"
    done
    put_file "$folder/lib.sh" 0600 < <(printf '%s' "$LIBRARY") || true
    put_file "$folder/node" 0644 < <(printf '%s\n' "$NODE") || true
    put_file "$folder/ssh-port" 0644 < <(session_port) || true
    if [[ $CONTROL_PLANE == true ]]; then
        put_file "$folder/control-plane" 0644 </dev/null || true
    else
        drop "$folder/control-plane"
    fi
    put_file "$folder/check" 0700 < <(printf '%s' "$CHECKER") || true
    put_file "$folder/report" 0755 < <(printf '%s' "$REPORTER") || true
    if ! checking; then
        # sshd reads the keys as the user, and wants that nobody else could have written them.
        chmod 0755 "${folder%/*}" "$folder"
        chmod 0700 "$folder/checks"
    fi

    reload=false
    if put_file "$units/fjord-drift.socket" 0644 < <(printf '%s' "$SOCKET"); then reload=true; fi
    if put_file "$units/fjord-drift@.service" 0644 < <(printf '%s' "$SERVICE"); then reload=true; fi

    wanted="$folder:$folder/report"
    if [[ $(getent passwd "$USER_NAME" | cut -d: -f6,7) != "$wanted" ]]; then
        changed "user $USER_NAME"
        if ! checking; then
            if getent passwd "$USER_NAME" >/dev/null; then remove_user; fi
            # `*`: no password, and not locked, which sshd would turn away.
            useradd --system --user-group --no-create-home --home-dir "$folder" --shell "$folder/report" \
                --password '*' "$USER_NAME" ||
                fail "the user $USER_NAME cannot be made" "see what else manages users on this machine"
        fi
    fi
    put_file "$folder/.ssh/authorized_keys" 0644 < <(
        printf "restrict,command=\"$folder/report\" %s\n" "${KEYS[@]}"
    ) || true

    if $reload || ! systemctl is-enabled --quiet fjord-drift.socket 2>/dev/null ||
        ! systemctl is-active --quiet fjord-drift.socket; then
        changed "fjord-drift.socket"
        if ! checking; then
            systemctl daemon-reload
            systemctl enable --quiet fjord-drift.socket
            systemctl restart fjord-drift.socket ||
                fail "fjord-drift.socket does not start" "see journalctl -u fjord-drift.socket on the machine"
        fi
    fi
fi
