#!/bin/sh
# Prints the newest Python on this machine that the product supports; nothing where none is newer than that of $1.
set -eu

default=$("$1" -c 'import sys; print(sys.version_info[1])')
for minor in 14 13 12; do
    [ "$minor" -gt "$default" ] || exit 0
    for python in "python3.$minor" "${PYENV_ROOT:-$HOME/.pyenv}/versions/3.$minor."*/bin/python3; do
        # A name on the path may be one of pyenv's that leads nowhere.
        found=$("$python" -c 'import sys; print(sys.version_info[1], sys.executable)' 2>/dev/null) || continue
        [ "${found%% *}" = "$minor" ] || continue
        echo "${found#* }"
        exit 0
    done
done
