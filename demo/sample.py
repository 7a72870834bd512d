"""A sample video, made on the spot: moving colours and a tone, H.264 and AAC as a phone would."""

import math
from array import array
from pathlib import Path

import av

WIDTH, HEIGHT, RATE, SECONDS = 640, 360, 25, 12
SAMPLES, TONE = 44_100, 440


def make(file: Path) -> None:
    """Write the sample to `file` (some 300 kB, playable from its first bytes)."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(file), mode="w", format="mp4", options={"movflags": "faststart"}) as out:
        picture = out.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "28"})
        sound = out.add_stream("aac", rate=SAMPLES)
        assert isinstance(picture, av.VideoStream)
        assert isinstance(sound, av.AudioStream)
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound.layout = "mono"
        for number in range(RATE * SECONDS):
            out.mux(picture.encode(_frame(number)))
        out.mux(picture.encode(None))
        size = sound.codec_context.frame_size or 1024
        for start in range(0, SAMPLES * SECONDS, size):
            out.mux(sound.encode(_tone(start, size)))
        out.mux(sound.encode(None))


def _frame(number: int) -> av.VideoFrame:
    """A dark ground with a bright bar that sweeps once in four seconds, and a colour that turns."""
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    luma, blue, red = frame.planes
    bar = number * WIDTH // (4 * RATE) % WIDTH
    row = bytearray(40 + 60 * x // WIDTH for x in range(luma.line_size))
    for x in range(bar, min(bar + 24, WIDTH)):
        row[x] = 230
    luma.update(bytes(row) * HEIGHT)
    angle = 2 * math.pi * number / (RATE * SECONDS)
    blue.update(bytes([int(128 + 70 * math.cos(angle))]) * blue.buffer_size)
    red.update(bytes([int(128 + 70 * math.sin(angle))]) * red.buffer_size)
    return frame


def _tone(start: int, size: int) -> av.AudioFrame:
    values = array("f", (0.15 * math.sin(2 * math.pi * TONE * n / SAMPLES) for n in range(start, start + size)))
    frame = av.AudioFrame(format="fltp", layout="mono", samples=size)
    frame.planes[0].update(values.tobytes())
    frame.sample_rate = SAMPLES
    frame.pts = start
    return frame
