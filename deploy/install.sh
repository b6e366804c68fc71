#!/bin/sh
# Installs what a purpose needs and does nothing that is already done.
#
#   deploy/install.sh run          what make run needs: Python packages with the embedded servers, PDF libraries
#   deploy/install.sh dev          the same plus what tests need: browser, fonts, development packages
#   deploy/install.sh production   like run, for the container image: no editable checkout is expected to change
#
# As root, or with sudo that asks for no password, missing system packages are installed with apt; otherwise one
# sentence names the line to run.
set -eu

purpose="${1:-run}"
root="$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)"
cd "$root"
venv="${VENV:-.venv}"

fail() {
    echo "$1" >&2
    exit 1
}

find_python() {
    for name in ${PYTHON:-} python3.13 python3.12 python3.11 python3; do
        if command -v "$name" >/dev/null 2>&1 && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    fail "Python 3.11 or newer is needed; on Debian 12: apt-get install -y python3 python3-venv"
}

# The libraries are looked for where the loader finds them; whoever has them from elsewhere needs no package.
has_library() {
    "$python" -c "import ctypes, sys; ctypes.CDLL(sys.argv[1])" "$1" 2>/dev/null
}

missing_packages() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    has_library libpango-1.0.so.0 || echo libpango-1.0-0
    has_library libpangoft2-1.0.so.0 || echo libpangoft2-1.0-0
    has_library libharfbuzz-subset.so.0 || echo libharfbuzz-subset0
    if [ "$purpose" = dev ]; then
        command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || echo chromium
        command -v msgfmt >/dev/null 2>&1 || echo gettext
        [ -n "$(ls /usr/share/fonts/opentype/noto/NotoSansCJK* /usr/share/fonts/truetype/noto/NotoSansCJK* 2>/dev/null)" ] ||
            echo fonts-noto-cjk
    fi
}

install_packages() {
    [ $# -gt 0 ] || return 0
    if [ "$(id -u)" = 0 ]; then
        as=""
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as="sudo"
    else
        fail "System packages are missing; as root run: apt-get update && apt-get install -y --no-install-recommends $*"
    fi
    command -v apt-get >/dev/null 2>&1 || fail "System packages are missing and there is no apt-get here: $*"
    echo "Installing system packages: $*"
    $as env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null >/dev/null ||
        fail "apt-get update failed; install these packages by hand: $*"
    $as env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null ||
        fail "apt-get install failed; install these packages by hand: $*"
}

# What the virtual environment takes, and as much again while pip unpacks; in MB.
check_disk() {
    needed=600
    [ "$purpose" != dev ] || needed=1200
    free="$("$python" -c 'import shutil; print(shutil.disk_usage(".").free // 2**20)')"
    [ "$free" -ge "$needed" ] ||
        fail "The disk of $root is full: $free MB are free and $needed MB are needed; free some space and start again."
}

install_python_packages() {
    requirements=base
    [ "$purpose" != dev ] || requirements=dev
    mark="$venv/.installed-$requirements"
    now="$(cat requirements/build.txt "requirements/$requirements.txt" pyproject.toml | sha256sum | cut -d' ' -f1)"
    if [ -f "$mark" ] && [ "$(cat "$mark")" = "$now" ] && [ -x "$venv/bin/python" ]; then
        return 0
    fi
    [ -f "$mark" ] || check_disk
    if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
        "$python" -m venv "$venv" || fail "The virtual environment $venv could not be made; on Debian 12: apt-get install -y python3-venv"
    fi
    echo "Installing Python packages ($requirements) …"
    pip="$venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet"
    $pip --require-hashes -r requirements/build.txt || fail "The Python packages could not be installed: see the lines above."
    $pip --require-hashes -r "requirements/$requirements.txt" || fail "The Python packages could not be installed: see the lines above."
    $pip --no-build-isolation --no-deps --editable . || fail "Yingshou itself could not be installed: see the lines above."
    echo "$now" >"$mark"
    # The development set contains the other one.
    [ "$requirements" != dev ] || cat requirements/build.txt requirements/base.txt pyproject.toml | sha256sum | cut -d' ' -f1 >"$venv/.installed-base"
}

case "$purpose" in
run | dev | production) ;;
*) fail "deploy/install.sh knows run, dev and production, not $purpose." ;;
esac
python="$(find_python)"
# One word a package is wanted here.
# shellcheck disable=SC2046
install_packages $(missing_packages)
install_python_packages
