"""Small real films, made on the spot."""

import io
from functools import cache

import av

WIDTH, HEIGHT = 160, 90


@cache
def film(container: str = "mp4", codec: str = "libx264", seconds: float = 1.0, rate: int = 10) -> bytes:
    """A film that goes from black to white, a few kB a second."""
    file = io.BytesIO()
    with av.open(file, mode="w", format=container) as out:
        stream = out.add_stream(codec, rate=rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(int(seconds * rate)):
            frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([number * 7 % 256]) * plane.buffer_size)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()
