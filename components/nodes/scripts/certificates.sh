# Whether certificates of this control plane end soon. It renews none, so that there is nothing to apply: kubeadm makes
# them for a year, and only an upgrade of its own (a roll of the version) or `kubeadm certs renew` makes new ones.
# Parameters: DAYS (what has fewer left is a finding).
# shellcheck shell=bash

folder=/etc/kubernetes

# certificate_of FILE: the certificate in it, or that of the client in a kubeconfig; nothing where it names a file (the
# kubelet's, which the kubelet renews itself).
certificate_of() {
    case $1 in
    *.conf) sed -n 's/^ *client-certificate-data: *//p' "$1" | base64 -d ;;
    *) cat "$1" ;;
    esac
}

for file in "$folder"/pki/*.crt "$folder"/pki/etcd/*.crt "$folder"/*.conf; do
    # A CA is made for ten years, and is not renewed with the others.
    [[ -e $file && $file != *ca.crt ]] || continue
    text=$(certificate_of "$file")
    [[ -n $text ]] || continue
    end=$(openssl x509 -noout -enddate <<<"$text" | cut -d = -f 2) || end=''
    [[ -n $end ]] ||
        fail "the certificate in $file cannot be read" "look at it on the machine: kubeadm certs check-expiration"
    openssl x509 -noout -checkend "$((DAYS * 86400))" <<<"$text" >/dev/null || changed "$file: ends on $end"
done
