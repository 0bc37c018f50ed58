#!/bin/sh
# Makes .venv and installs this project editable: environment.sh '.' | environment.sh '.[dev]'
set -eu
what=$1

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
    echo "No Python >= 3.11 was found. Name one: make $0 PYTHON=/path/to/python3" >&2
    return 1
}

make_venv() {
    python=$(find_python)
    "$python" -m venv .venv 2>/dev/null && return
    # Debian ships the venv module without pip's wheel; python3-venv brings it.
    rm -rf .venv
    sh tests/tools/system.sh python3-venv
    "$python" -m venv .venv
}

# It would run this checkout's code from then on, for whoever else uses it.
if [ -L .venv ]; then
    echo ".venv is a link to another checkout's: remove it for one of your own" >&2
    exit 1
fi
if ! new_enough .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    rm -rf .venv
    make_venv
fi
echo "Installing $what into .venv (once; a minute or so) ..."
exec .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable "$what"
