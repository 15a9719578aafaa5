#!/usr/bin/env bash
# What a newcomer types in a fresh checkout, and what must come of it. tests/fresh_check.sh runs it on a fresh Debian.
# It ends with `make test`, or with the target that is named.
set -Eeuo pipefail

OUTPUT=$(mktemp -d)/output
# Free, whatever else runs on the machine.
PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
readonly OUTPUT PORT
export PORT
readonly TEXT='A wonderful film, I loved every moment.'

step() { printf '\n== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*"; exit 1; }
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR

# says SENTENCE COMMAND…: the command fails, and what it prints has one line that begins with the sentence.
says() {
    local sentence=$1
    shift
    ! "$@" >"$OUTPUT" 2>&1 || fail "$* passes"
    cat "$OUTPUT"
    [[ $(grep -c "^error: $sentence" "$OUTPUT") == 1 ]] || fail "$* does not say: $sentence"
    # make adds lines of its own, and prints the command.
    [[ $(grep -Evc '^(make|\.venv/bin/)' "$OUTPUT") == 1 ]] || fail "$* says more than a sentence"
}

wait_until_ready() {
    local tries=0
    until curl --silent --fail "localhost:$PORT/health/ready" >/dev/null; do
        kill -0 "$service" || fail 'the service ended'
        ((++tries < 3000)) || fail 'the service is not ready after five minutes'
        sleep 0.1
    done
}

step "$(python3 --version), without venv"
says 'python3 cannot make a virtual environment' make serve
[[ ! -e .venv ]] || fail 'a half-made .venv is left'
# What a Makefile that did not look left behind.
python3 -m venv .venv >"$OUTPUT" 2>&1 || [[ -d .venv ]]
says 'python3 cannot make a virtual environment' make serve

step 'python3-venv installed: make serve'
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
setsid make serve >"$OUTPUT.service" 2>&1 &
service=$!
wait_until_ready
cat "$OUTPUT.service"
echo "ready after $SECONDS s, $(du -sh .venv | cut -f1) in .venv"
[[ $(head -n 1 "$OUTPUT.service") == Making* ]] || fail 'make serve does not say what it does'
curl --silent "localhost:$PORT/sentiment" -d "text=$TEXT"

step 'make serve, once more'
says "Port $PORT of 127.0.0.1 is in use" make serve
says "Port $PORT of 127.0.0.1 is in use" make serve WORKERS=2
kill -TERM -- "-$service"
wait "$service" || true

step 'without the extra'
says 'The module [a-z.]* is not installed; pip install' .venv/bin/python -m training forecasts heartbeat
.venv/bin/python -m app --version

step 'installed as a package'
python3 -m venv /tmp/installed
/tmp/installed/bin/python -m pip install --quiet --constraint constraints.txt .
cd /tmp
says 'There is no folder /tmp/models' /tmp/installed/bin/sentiment-service classify "$TEXT"
MODELS_DIR=/root/sentiment/models /tmp/installed/bin/sentiment-service classify "$TEXT"
/tmp/installed/bin/sentiment-service --version
cd - >/dev/null

target=${1:-test}
step "make $target"
SECONDS=0
env --unset PORT make "$target"
echo "after $SECONDS s, $(du -sh .venv | cut -f1) in .venv"
