# First contact: lets the stack's own key in, for every later step.
# Parameters: LOGIN (user), PUBLIC_KEY (one line of authorized_keys, its comment names the stack).
# shellcheck shell=bash

home=$(getent passwd "$LOGIN" | cut -d: -f6)
[[ -n $home ]] || fail "there is no user $LOGIN on this machine" "set ssh.user of the machine in the stack"
file=$home/.ssh/authorized_keys
if ! { grep -qxF -- "$PUBLIC_KEY" "$file"; } 2>/dev/null; then
    changed "key of the stack for $LOGIN"
    if ! checking; then
        install -d -m 0700 -o "$LOGIN" -g "$(id -g "$LOGIN")" "$home/.ssh"
        # An older key of the same stack goes: its comment is the same.
        comment=${PUBLIC_KEY##* }
        temporary=$(mktemp)
        { [[ ! -e $file ]] || grep -vF -- " $comment" "$file" || true; } >"$temporary"
        [[ -z $(tail -c 1 "$temporary") ]] || printf '\n' >>"$temporary"
        printf '%s\n' "$PUBLIC_KEY" >>"$temporary"
        install -m 0600 -o "$LOGIN" -g "$(id -g "$LOGIN")" "$temporary" "$file.fjord-new"
        mv -f "$file.fjord-new" "$file"
        rm -f "$temporary"
    fi
fi
