#!/bin/sh
# PyAV: `av.open(…, metadata_errors="replace")` is how 18.1.0 reads a film whose title is no UTF-8 (old AVI files). In 19.0.2
# the argument is gone, and text comes with lone surrogates instead. (19 is for Python 3.12 and later, so one lock file can
# hold both.)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON312:-python3.12}
command -v "$python" >/dev/null || { echo "Python 3.12 or later is needed for PyAV 19 (PYTHON312=…)" >&2; exit 2; }
for version in 18.1.0 19.0.2; do
    "$python" -m venv "$folder/$version"
    "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "av==$version"
    "$folder/$version/bin/python" -W ignore - "$folder/film.wav" > "$folder/$version.txt" <<'PYTHON'
import sys
import wave

import av

with wave.open(sys.argv[1], "wb") as sound:
    sound.setnchannels(1), sound.setsampwidth(2), sound.setframerate(8000), sound.writeframes(bytes(1600))
try:
    with av.open(sys.argv[1], metadata_errors="replace"):
        print("taken")
except TypeError as error:
    print("TypeError:", error)
PYTHON
    echo "PyAV $version: $(cat "$folder/$version.txt")"
done
grep -qx taken "$folder/18.1.0.txt"
grep -q "^TypeError" "$folder/19.0.2.txt"
