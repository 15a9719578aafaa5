# Roots of Debian 12, for the checks that run in one. The caller has a folder $work and a function fail.
# shellcheck shell=bash

debian_mirror() {
    local only
    for only in 'Codename: bookworm' 'Identifier: Packages'; do
        # shellcheck disable=SC2016  # apt's placeholders, not the shell's
        apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' "$only" | sed -n 1p | grep . && return
    done
}

# debian_root ARCHIVE PACKAGES: make a root of Debian 12 with these packages beside the least there can be.
debian_root() {
    local proxy='' root=$work/root
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    [[ -z $proxy ]] || export http_proxy=$proxy
    nice debootstrap --variant=minbase --include="$2" bookworm "$root" "$(debian_mirror)" >"$work/debootstrap.log" ||
        { tail "$work/debootstrap.log"; fail 'debootstrap failed'; }
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/*
    mkdir -p "$(dirname "$1")"
    tar --numeric-owner -C "$root" -cf "$1.part" .
    mv "$1.part" "$1"
    rm -rf "$root"
}

# pip_configuration FILE: elsewhere, pip must find the index and the certificates that it finds here. The file becomes
# one configuration made of all that this machine's files and environment say; every local file or folder that it names
# is printed.
pip_configuration() {
    python3 - "$1" <<'PYTHON'
import ast, os, re, subprocess, sys
from pathlib import Path

listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
options = {}
for line in listed.splitlines():
    key, _, value = line.partition("=")
    section, _, name = key.rpartition(".")
    # pip lists what comes from the environment last, as it overrules the files.
    options.setdefault("global" if section == ":env:" else section, {})[name] = ast.literal_eval(value)
certificates = os.environ.get("SSL_CERT_FILE")
if certificates and "cert" not in options.get("global", {}):
    options.setdefault("global", {})["cert"] = certificates
text = ""
for section, values in options.items():
    text += f"[{section}]\n" + "".join(f"{k} = " + "\n    ".join(v.split()) + "\n" for k, v in values.items())
Path(sys.argv[1]).write_text(text)
for scheme, place in sorted(set(re.findall(r"(?<=\s)(file://)?(/\S+)", text))):
    # The pages of an index point to files beside its own folder.
    path = Path(place).parent if scheme and Path(place).name == "simple" else Path(place)
    if path.exists():
        print(path)
PYTHON
}
