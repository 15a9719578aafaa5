#!/usr/bin/env bash
# Builds the Dockerfile and runs what it makes, on a machine without a Docker engine. Needs root.
#
#   tests/image_check.sh                                            on a Debian base that it makes itself
#   BASE=docker.io/library/python:3.11-slim tests/image_check.sh    on a base that buildah can pull
#
# The first run takes minutes. The base stays in .image/ and the layers in buildah's storage, for the next runs;
# `buildah rmi --prune` frees the layers that no image uses any more.
set -Eeuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly IMAGE=localhost/sentiment-service:check
readonly DEBIAN_BASE=localhost/sentiment-base:bookworm
readonly CACHE=$PWD/.image
readonly LARGEST_MB=400
readonly TEXT='Superb cast. But it isn’t funny!'
readonly WORDS='Superb cast But it is n’t funny !'

# Chroot isolation, the host's network and no OCI runtime: that works inside other sandboxes as well.
export BUILDAH_ISOLATION=chroot

# shellcheck source=tests/debian.sh
source tests/debian.sh

work=$(mktemp -d)
container=
launcher=
verdict='stopped half-way'

step() { printf '\n== %s\n' "$*"; }
fail() { verdict=$*; exit 1; }

finish() {
    local status=$?
    trap - EXIT ERR
    set +e
    if [[ -n $launcher ]]; then
        local left
        left=$(service_pid) && kill -KILL "$left"
        kill -KILL "$launcher" 2>/dev/null
        wait "$launcher" 2>/dev/null
    fi
    if [[ $status -ne 0 && -s $work/service.log ]]; then
        printf '\n-- the service said:\n'
        tail -n 40 "$work/service.log"
    fi
    if [[ -n $container ]]; then
        buildah umount "$container" >/dev/null 2>&1
        buildah rm "$container" >/dev/null 2>&1
    fi
    rm -rf "$work"
    if [[ $status -eq 0 ]]; then
        printf '\nimage check passed: %s\n' "$verdict"
    else
        printf '\nimage check FAILED: %s\n' "$verdict"
    fi
    exit "$status"
}
trap finish EXIT
trap 'verdict="line $LINENO: $BASH_COMMAND"' ERR

# ---------------------------------------------------------------- what the check itself needs

install_tools() {
    local missing=()
    command -v buildah >/dev/null || missing+=(buildah)
    command -v curl >/dev/null || missing+=(curl)
    command -v pgrep >/dev/null || missing+=(procps)
    [[ -n ${BASE:-} ]] || command -v debootstrap >/dev/null || missing+=(debootstrap)
    [[ ${#missing[@]} -gt 0 ]] || return 0
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
}

# Overlay in overlay, as in a container on a container, mounts on some kernels only.
choose_storage() {
    local probe
    if probe=$(buildah from scratch 2>/dev/null); then
        if buildah mount "$probe" >/dev/null 2>&1; then
            buildah rm "$probe" >/dev/null
            return
        fi
        buildah rm "$probe" >/dev/null 2>&1 || true
    fi
    export STORAGE_DRIVER=vfs
}

debian_base() {
    ! buildah inspect --type image "$DEBIAN_BASE" >/dev/null 2>&1 || return 0
    [[ -f $CACHE/base.tar ]] || debian_root "$CACHE/base.tar" python3,python3-venv,ca-certificates
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$CACHE/base.tar" / >/dev/null
    buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd /bin/sh "$container"
    buildah commit --quiet "$container" "$DEBIAN_BASE" >/dev/null
    buildah rm "$container" >/dev/null
    container=
}

# ---------------------------------------------------------------- the image

build() {
    local mounts=()
    pip_configuration "$work/pip.conf" >"$work/pip-files"
    mapfile -t mounts < <(sed 's#.*#--volume=&:&:ro#' "$work/pip-files")
    mounts+=("--volume=$work/pip.conf:/etc/pip.conf:ro")
    nice buildah build --quiet --force-rm --layers --format docker --network host "${mounts[@]}" \
        --build-arg "BASE=$1" --build-arg VERSION=checked --tag "$IMAGE" . >"$work/build.log" 2>&1 ||
        { tail -n 60 "$work/build.log"; fail 'the build failed'; }
}

# A Python expression on the image's configuration `c`; lists come out one item a line.
configured() {
    buildah inspect --type image "$IMAGE" | python3 -c '
import json, sys
c = json.load(sys.stdin)["Docker"]["config"]
value = eval(sys.argv[1])
print("\n".join(value) if isinstance(value, list) else value)' "$1"
}

inside() { buildah run "$container" -- "$@"; }

check_config() {
    [[ $user =~ ^[1-9][0-9]*:[1-9][0-9]*$ ]] ||
        fail 'the image has no numeric user and group other than root'
    [[ $(configured 'c.get("Healthcheck", {"Test": ["NONE"]})["Test"][0]') == CMD ]] ||
        fail 'the image has no HEALTHCHECK in exec form'
    [[ $(configured 'list(c["ExposedPorts"])') == 8000/tcp ]] ||
        fail 'the image does not expose port 8000'
    # The default, which some versions of buildah leave out.
    [[ $(configured 'c.get("StopSignal", "SIGTERM")') =~ ^(SIGTERM|15|)$ ]] ||
        fail 'the image is not stopped with SIGTERM'
}

check_sbom() {
    inside cat /srv/sbom.cdx.json | python3 -c '
import json, sys
bom = json.load(sys.stdin)
assert bom["bomFormat"] == "CycloneDX", bom["bomFormat"]
found = {one["name"].lower(): one for one in bom["components"]}
assert {"onnxruntime", "numpy", "fastapi", "uvicorn"} <= set(found), sorted(found)
assert all(one["purl"].startswith("pkg:pypi/") and one["version"] for one in found.values() if "purl" in one), found
assert not {"pyyaml", "pip", "setuptools"} & set(found), sorted(found)
print(len(found), "components in the SBOM")'
    [[ $(configured 'c["Labels"]["org.opencontainers.image.version"]') == checked ]] || fail 'the image has no label for its version'
}

check_contents() {
    local writable unread sources
    [[ $(inside id -u) == "${user%%:*}" ]] || fail 'the command does not run as the user of the configuration'
    # find complains of the folders that only root may enter.
    writable=$(inside find / -xdev -writable ! -type l 2>/dev/null || true)
    writable=$(grep -Ev '^/(tmp|var/tmp|run/lock)(/|$)' <<<"$writable" || true)
    [[ -z $writable ]] || fail "the service's user can write to ${writable//$'\n'/, }"
    [[ -z $(inside find /srv /opt/venv ! -readable) ]] || fail "the service's user cannot read all of its files"
    unread=$(inside find /srv/models -name '*.keras' -o -name '*.png' -o -name '*.md')
    [[ -z $unread ]] || fail "the image has what serving does not read: ${unread//$'\n'/, }"
    sources=$(cd app && find . -type f ! -path '*/__pycache__/*')
    inside python - "$sources" <<'PYTHON' || fail 'what is installed is not what it should be'
import importlib.util, sys
from pathlib import Path

import app

problems = [f"{name} is installed" for name in ("tensorflow", "keras", "training") if importlib.util.find_spec(name)]
package = Path(app.__file__).parent
if not package.is_relative_to("/opt/venv"):
    problems.append(f"app comes from {package}, not from the venv")
problems += [f"app/{name[2:]} is not in the installed package (package-data in pyproject.toml?)"
             for name in sys.argv[1].splitlines() if not (package / name).is_file()]
problems += [f"{source} is not byte-compiled" for source in package.rglob("*.py")
             if not Path(importlib.util.cache_from_source(source)).is_file()]
sys.exit("\n".join(problems) or None)
PYTHON
}

# ---------------------------------------------------------------- the service

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])'; }

# The first process below the launcher that is the service: buildah's helpers run as the same user.
service_pid() {
    local parents=("$launcher") next child line title
    title=$(printf '%s ' "${command[@]}")
    while [[ ${#parents[@]} -gt 0 ]]; do
        next=()
        for child in "${parents[@]}"; do
            line=$(tr '\0' ' ' 2>/dev/null <"/proc/$child/cmdline") || continue
            [[ $line != "$title" && $line != /*"/$title" ]] || { echo "$child"; return 0; }
            mapfile -t -O "${#next[@]}" next < <(pgrep -P "$child")
        done
        parents=("${next[@]}")
    done
    return 1
}

with_buildah() { exec buildah run --env "PORT=$port" --env "WORKERS=$workers" "$container" -- "${command[@]}"; }

# What docker-compose.yml asks for and chroot isolation does not give: a root that is mounted read-only, /tmp on
# tmpfs, no capability, no new privileges, and the service as process 1.
as_compose_does() {
    # shellcheck disable=SC2016
    exec unshare --mount --pid --fork --propagation private bash -euc '
        root=$1 uid=$2 gid=$3; shift 3
        mount --bind "$root" "$root"
        mount -o remount,bind,ro "$root"
        mount -t proc proc "$root/proc"
        mount -t sysfs -o ro sysfs "$root/sys"
        mount --rbind /dev "$root/dev"
        mount -t tmpfs tmpfs "$root/tmp"
        ! touch "$root/srv/probe" 2>/dev/null
        exec chroot "$root" /usr/bin/setpriv --reuid "$uid" --regid "$gid" --clear-groups \
            --no-new-privs --bounding-set=-all --inh-caps=-all /usr/bin/env -i -C /srv "$@"
    ' - "$root" "${user%%:*}" "${user##*:}" "${environment[@]}" "PORT=$port" "WORKERS=$workers" "${command[@]}"
}

stopped() { ! kill -0 "$launcher" 2>/dev/null; }

wait_until_ready() {
    local tries=0
    until curl --silent --fail --noproxy '*' --max-time 2 "http://127.0.0.1:$port/health/ready" >/dev/null; do
        ! stopped || fail "the service ended before it was ready ($1)"
        ((++tries < 300)) || fail "the service was not ready within a minute ($1)"
        sleep 0.2
    done
}

ask() {
    local status
    status=$(curl --silent --noproxy '*' --max-time 10 --output "$work/answer.json" --write-out '%{http_code}' \
        --data explain=true --data-urlencode "text=$TEXT" "http://127.0.0.1:$port/sentiment")
    cat "$work/answer.json"; echo
    [[ $status == 200 ]] || fail "POST /sentiment answered $status ($1)"
    python3 - "$work/answer.json" "$TEXT" "$WORDS" <<'PYTHON' || fail "the answer is not the one expected ($1)"
import json, sys
answer, text, words = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3].split()
assert answer["label"] == "negative" and 0.5 < answer["score"] <= 1, answer
assert [text[word["start"]:word["end"]] for word in answer["words"]] == words, answer["words"]
assert [word["text"] for word in answer["words"]] == words, answer["words"]
worst = min(answer["words"], key=lambda word: word["contribution"])
assert worst["text"] == "n’t", answer["words"]
PYTHON
}

# Uvicorn shuts down and then dies of the signal it got: status 143, or buildah's line, and 0 for process 1.
stop() {
    local pid status=0 tries=0
    kill -TERM "$(service_pid)"
    until stopped; do
        ((++tries < 150)) || fail "the service did not stop within 30 seconds of SIGTERM ($1)"
        sleep 0.2
    done
    wait "$launcher" || status=$?
    launcher=
    [[ $status == 0 || $status == 143 ]] || grep -q '^subprocess exited on terminated' "$work/service.log" ||
        fail "the service ended with status $status on SIGTERM ($1)"
    ! grep -q Traceback "$work/service.log" || fail "the service ended with a traceback ($1)"
    ! grep -q "onnxruntime.*telemetry" "$work/service.log" || fail "ONNX Runtime has its telemetry on ($1)"
    echo 'stopped cleanly on SIGTERM'
}

healthy() { buildah run --env "PORT=$port" "$container" -- "${health[@]}"; }

check_service() {
    local how=$1 workers=$2 pid started
    port=$(free_port)
    started=$(date +%s%N)
    "$how" </dev/null >"$work/service.log" 2>&1 &
    launcher=$!
    wait_until_ready "$how"
    pid=$(service_pid) || fail "the service's process is not there ($how)"
    [[ $(stat -c %u "/proc/$pid") == "${user%%:*}" ]] || fail "the service does not run as user ${user%%:*} ($how)"
    echo "ready after $((($(date +%s%N) - started) / 1000000)) ms," \
        "user $(awk '/^Uid/ {print $2}' "/proc/$pid/status")," \
        "$(awk '/^VmRSS/ {print int($2 / 1024)}' "/proc/$pid/status") MB resident"
    ask "$how"
    healthy || fail "the image's health check fails ($how)"
    stop "$how"
    ! healthy 2>/dev/null || fail 'the health check passes without a service'
}

# ---------------------------------------------------------------- all of it

[[ $EUID -eq 0 ]] || fail 'it needs root: it mounts file systems and changes user'
SECONDS=0
install_tools
choose_storage

step "base: ${BASE:-$DEBIAN_BASE}"
[[ -n ${BASE:-} ]] || debian_base
echo "after $SECONDS s"

step 'build'
build "${BASE:-$DEBIAN_BASE}"
echo "after $SECONDS s"

container=$(buildah from --pull-never "$IMAGE")
root=$(buildah mount "$container")
user=$(configured 'c["User"]')
mapfile -t environment < <(configured 'c["Env"]')
mapfile -t health < <(configured 'c.get("Healthcheck", {"Test": []})["Test"][1:]')
mapfile -t command < <(configured 'c["Entrypoint"] + c["Cmd"]')

step 'configuration and contents'
check_config
check_contents
check_sbom
size=$(buildah images --format '{{.Size}}' "$IMAGE")
echo "image of $size, on a base of $(buildah images --format '{{.Size}}' "${BASE:-$DEBIAN_BASE}")"
# On the base that is made here; others are larger or smaller.
[[ -n ${BASE:-} || ${size% *} -le $LARGEST_MB ]] || fail "an image of $size is more than $LARGEST_MB MB"
du -shc "$root/opt/venv" "$root/srv/models" | sed "s#$root##"

step "the service in buildah's chroot"
check_service with_buildah 1

step 'the service with a read-only root, no capabilities, as process 1'
check_service as_compose_does 1

# Several processes share their metrics through files, which only /tmp can take.
step 'the same with two workers'
check_service as_compose_does 2

verdict="an image of $size, $SECONDS s"
