#!/bin/sh
# Make the virtual environment and install Quoth in it:  tools/setup.sh FOLDER [dev]
# Everything that could be missing is looked for first, so that nothing is left half installed.
set -eu

venv=$1
group=${2:-}
python=${PYTHON:-python3}

fail() {
    printf 'quoth set-up: %s\n' "$*" >&2
    exit 1
}

step() {
    printf '\n== %s\n' "$1"
    began=$(date +%s)
}

took() {
    printf '   done in %s s\n' "$(($(date +%s) - began))"
}

command -v "$python" >/dev/null || fail "there is no $python; install Python 3.11, 3.12 or 3.13, or say make PYTHON=/path/to/python3"
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' ||
    fail "$("$python" --version) is not supported; install Python 3.11, 3.12 or 3.13, or say make PYTHON=/path/to/python3"
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "this Python cannot make virtual environments; on Debian and Ubuntu: sudo apt install python3-venv"

runtime_is_there() {
    [ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import importlib.util as i, sys; sys.exit(not i.find_spec("llama_cpp"))'
}

if ! runtime_is_there; then
    compiler=${CXX:-}
    for name in c++ g++ clang++; do
        [ -n "$compiler" ] || compiler=$(command -v "$name" || true)
    done
    [ -n "$compiler" ] && command -v "$compiler" >/dev/null || fail "there is no C++ compiler, and llama.cpp has to be compiled once.
  Debian, Ubuntu:  sudo apt install g++
  Fedora:          sudo dnf install gcc-c++
  macOS:           xcode-select --install
or install llama-cpp-python from its own prebuilt wheels (see the README) into $venv. Nothing was installed."
fi

step "Making the virtual environment $venv"
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
# Dependency groups need pip 25.1.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
took

if ! runtime_is_there; then
    step "Compiling llama.cpp, once: 5 to 12 minutes on two cores, less on more (seconds where pip has it cached)"
    requirement=$(sed -n 's/^ *"\(llama-cpp-python[^"]*\)".*/\1/p' pyproject.toml)
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$requirement"
    took
fi

step "Installing Quoth and what it needs (some 700 MB with both models)"
if [ "$group" = dev ]; then
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable . --group dev
else
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable .
fi
took

touch "$venv/.quoth"
[ "$group" != dev ] || touch "$venv/.dev"
