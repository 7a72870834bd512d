#!/bin/sh
# PyAV 18.1.0: a stream that is copied into a new MP4 by add_stream_from_template loses its sample entry: hvc1 becomes hev1.
# (Apple's players are documented to want hvc1 for HEVC in fragmented MP4.)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys
from pathlib import Path

import av

first, copy = (str(Path(sys.argv[1]) / name) for name in ("first.mp4", "copy.mp4"))
with av.open(first, "w") as film:
    stream = film.add_stream("libx265", rate=10)
    stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
    stream.codec_context.codec_tag = "hvc1"
    for number in range(10):
        frame = av.VideoFrame(320, 180, "yuv420p")
        frame.pts = number
        film.mux(stream.encode(frame))
    film.mux(stream.encode())
with av.open(first) as source, av.open(copy, "w") as film:
    stream = film.add_stream_from_template(source.streams.video[0])
    for packet in source.demux(video=0):
        if packet.dts is not None:
            packet.stream = stream
            film.mux(packet)


def entry(path: str) -> str:
    with av.open(path) as film:
        return film.streams.video[0].codec_context.codec_tag


print("PyAV", av.__version__, "sample entry before:", entry(first), "after a copy:", entry(copy))
assert (entry(first), entry(copy)) == ("hvc1", "hev1"), "this has changed"
PYTHON
