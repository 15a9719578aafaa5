#!/usr/bin/env bash
# A newcomer's first steps, on a Debian 12 with nothing installed but its own Python, make and curl. Needs root.
#
#   tests/fresh_check.sh                 what is missing is said in a sentence, `make serve` serves, `make test` passes
#   tests/fresh_check.sh test-service    the same with `make test-service`, which is quicker
#
# All of it runs under Debian's interpreter. The checkout is this one as it stands, without what git ignores. The root
# stays in .image/ for the next runs.
set -Eeuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly BASE=$PWD/.image/fresh.tar
# shellcheck source=tests/debian.sh
source tests/debian.sh

work=$(mktemp -d)
verdict='stopped half-way'

fail() { verdict=$*; exit 1; }

finish() {
    local status=$?
    trap - EXIT ERR
    rm -rf "$work"
    if [[ $status -eq 0 ]]; then
        printf '\nfresh check passed: %s s\n' "$SECONDS"
    else
        printf '\nfresh check FAILED: %s\n' "$verdict"
    fi
    exit "$status"
}
trap finish EXIT
trap 'verdict="line $LINENO: $BASH_COMMAND"' ERR

install_tools() {
    command -v debootstrap >/dev/null && return
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq debootstrap >/dev/null
}

# The checkout goes where a user would have it; pip and apt find what they find here.
make_root() {
    local path
    [[ -f $BASE ]] || debian_root "$BASE" python3,make,curl,ca-certificates
    mkdir "$root"
    tar --numeric-owner -C "$root" -xf "$BASE"
    mkdir "$root/root/sentiment"
    git ls-files -z --cached --others --exclude-standard | tar --null --files-from - -c | tar -C "$root/root/sentiment" -x
    pip_configuration "$root/etc/pip.conf" >"$work/mounts"
    while read -r path; do
        if [[ -d $path ]]; then
            mkdir -p "$root$path"
        else
            mkdir -p "$(dirname "$root$path")"
            touch "$root$path"
        fi
    done <"$work/mounts"
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    apt-config dump Acquire | grep -i proxy >"$root/etc/apt/apt.conf.d/proxy" || true
}

# The mounts and all processes end with this shell.
inside() {
    unshare --mount --pid --fork --kill-child --propagation private bash -euc '
        root=$1 mounts=$2; shift 2
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        while read -r path; do mount -o bind,ro "$path" "$root$path"; done <"$mounts"
        exec chroot "$root" /usr/bin/env -i -C /root/sentiment PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
    ' - "$root" "$work/mounts" "$@"
}

[[ $EUID -eq 0 ]] || fail 'it needs root: it mounts file systems and changes its root'
SECONDS=0
root=$work/root
install_tools
make_root
echo "a fresh Debian after $SECONDS s"
inside bash tests/first_steps.sh "$@"
