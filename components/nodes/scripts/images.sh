# Pulls the images that this machine will need, some at a time, and holds them against their digests.
# Parameters: IMAGES (name:tag@digest), PARALLEL (how many at a time), PULL_TIMEOUT (seconds for one image).
# shellcheck shell=bash

# Every reference that containerd knows, asked once and not for each image: starting crictl costs more than its answer.
references() { crictl images -o json | grep -oE '"[^"@ ]+(:[^":@ ]+|@sha256:[0-9a-f]{64})"' | tr -d '"' || true; }

# present IMAGE: under its tag and under its digest, in $known: kubeadm's manifests name the one, the platform's the
# other.
present() {
    local digest=${1##*@} name=${1%:*@*}
    grep -qxF -- "${1%@*}" <<<"$known" && grep -qxF -- "$name@$digest" <<<"$known"
}

# pull IMAGE: leaves the reason in a file of its own when it fails.
pull() {
    local image=$1 tagged=${1%@*} reason status=0
    reason=$(timeout "$PULL_TIMEOUT" crictl pull "$tagged" 2>&1) || status=$?
    say "$tagged: ${reason//$'\n'/ }"
    if ((status == 124)); then
        printf '%s from %s: not there after %s s\n' "$tagged" "${tagged%%/*}" "$PULL_TIMEOUT"
    elif ((status != 0)); then
        printf '%s from %s: %s\n' "$tagged" "${tagged%%/*}" \
            "$(grep -oE 'not found|unauthorized|no such host|connection refused|i/o timeout|x509: .*|no space left on device' <<<"$reason" |
                head -n 1 || true)"
    fi >"$reasons/$(sha256sum <<<"$image" | cut -c1-16)"
}

known=$(references)
missing=()
for image in "${IMAGES[@]}"; do
    present "$image" && continue
    changed "image ${image%@*}"
    missing+=("$image")
done

if ! checking && ((${#missing[@]} > 0)); then
    reasons=$(mktemp -d)
    for image in "${missing[@]}"; do
        while (($(jobs -rp | wc -l) >= PARALLEL)); do wait -n || true; done
        pull "$image" &
    done
    wait
    failed=$(cat "$reasons"/*)
    rm -rf "$reasons"
    known=$(references)
    for image in "${missing[@]}"; do
        tagged=${image%@*}
        if ! present "$image" && ! grep -qF -- "$tagged from " <<<"$failed"; then
            failed+="${failed:+$'\n'}$tagged from ${tagged%%/*}: the registry has other bytes than ${image##*@}"
        fi
    done
    [[ -z $failed ]] || fail "images could not be pulled: ${failed//$'\n'/; }" \
        "check that the registry or its mirror (mirrors.images) has them and answers from this machine"
fi
