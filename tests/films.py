"""Small real films, made on the spot."""

import random
import struct
from fractions import Fraction
from functools import cache
from tempfile import NamedTemporaryFile

import av

WIDTH, HEIGHT = 160, 90
SOUND_RATE = 48_000
_QUICK_AND_QUIET = {
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
    "libx264": {"preset": "veryfast"},
    "libx265": {"x265-params": "log-level=none"},
}


@cache
def film(container: str = "mp4", codec: str = "libx264", seconds: float = 1.0, rate: int = 10) -> bytes:
    """A film that goes from black to white, a few kB a second."""
    return take(container, codec, seconds=seconds, rate=rate)


def recording(
    container: str = "webm",
    codec: str = "libvpx",
    sound: str = "libopus",
    *,
    seconds: float = 5.0,
    begins: float = 0.0,
    pause: float = 0.0,
    uneven: bool = True,
    noisy: bool = False,
) -> bytes:
    """As MediaRecorder writes it: no length, no index, a keyframe a second, and times that are not regular.

    `begins` is the first time in it, `pause` a gap of so many seconds after half of the film (and not in `seconds`).
    """
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"} if container == "mp4" else {"live": "1"}
    return take(
        container,
        codec,
        sound,
        seconds=seconds,
        rate=20,
        begins=begins,
        pause=pause,
        uneven=uneven,
        noisy=noisy,
        options=tuple(options.items()),
    )


@cache
def take(
    container: str,
    codec: str = "",
    sound: str = "",
    *,
    seconds: float = 1.0,
    rate: int = 10,
    begins: float = 0.0,
    pause: float = 0.0,
    uneven: bool = False,
    noisy: bool = False,
    options: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Pictures (none without `codec`) and silence (none without `sound`) in one file; a `noisy` one is large."""
    with NamedTemporaryFile(prefix="reelmark-film-") as file:  # `faststart` opens it once more
        with av.open(file.name, mode="w", format=container, options=dict(options)) as out:
            pictures = _pictures(out, codec, rate) if codec else None
            silence = _silence(out, sound) if sound else None
            sounded = begins
            for number in range(int(seconds * rate)):
                at = begins + number / rate + (number % 3 * 0.004 if uneven else 0)
                at += pause if number * 2 >= seconds * rate else 0
                if pictures:
                    out.mux(pictures.encode(_picture(pictures, number, at, noisy)))
                while silence and sounded < at + 1 / rate:
                    samples = silence.codec_context.frame_size or 960
                    out.mux(silence.encode(_moment(silence, samples, sounded)))
                    sounded += samples / SOUND_RATE
            if pictures:
                out.mux(pictures.encode(None))
            if silence:
                out.mux(silence.encode(None))
        return file.read()


def _pictures(out: av.container.OutputContainer, codec: str, rate: int) -> av.VideoStream:
    stream = out.add_stream(codec, rate=rate)
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuvj420p" if codec == "mjpeg" else "yuv420p"
    stream.codec_context.gop_size = rate
    stream.codec_context.options = _QUICK_AND_QUIET.get(codec, {})
    # Old codecs know no finer times than their rate.
    stream.codec_context.time_base = Fraction(1, rate if codec in ("mpeg4", "wmv2") else 1000)
    return stream


def _picture(stream: av.VideoStream, number: int, at: float, noisy: bool) -> av.VideoFrame:
    frame = av.VideoFrame(WIDTH, HEIGHT, stream.pix_fmt or "yuv420p")
    for plane in frame.planes:
        size = plane.buffer_size
        plane.update(random.Random(number).randbytes(size) if noisy else bytes([number * 7 % 256]) * size)
    time_base = stream.codec_context.time_base
    assert time_base is not None
    frame.time_base, frame.pts = time_base, round(at / time_base)
    return frame


def _silence(out: av.container.OutputContainer, codec: str) -> av.AudioStream:
    stream = out.add_stream(codec, rate=SOUND_RATE, layout="mono")
    assert isinstance(stream, av.AudioStream)
    stream.bit_rate = 64_000
    stream.codec_context.open()
    return stream


def _moment(stream: av.AudioStream, samples: int, at: float) -> av.AudioFrame:
    frame = av.AudioFrame(format=stream.codec_context.format.name, layout="mono", samples=samples)
    frame.sample_rate, frame.time_base, frame.pts = SOUND_RATE, Fraction(1, SOUND_RATE), round(at * SOUND_RATE)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    return frame


@cache
def padded(size: int) -> bytes:
    """A film of a second as an MP4 file of exactly that many bytes: the rest is room that players skip."""
    content = film()
    room = size - len(content)
    return content + struct.pack(">I4s", room, b"free") + bytes(room - 8)
