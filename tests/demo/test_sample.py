from pathlib import Path

import av
import pytest

from demo import sample


def test_sample_is_a_film_that_every_browser_plays(tmp_path: Path) -> None:
    file = tmp_path / "sample.mp4"
    sample.make(file)

    with av.open(str(file)) as film:
        assert film.duration is not None
        assert film.duration / av.time_base == pytest.approx(sample.SECONDS, abs=0.5)
        assert [stream.codec_context.name for stream in film.streams] == ["h264", "aac"]
        assert film.streams.video[0].codec_context.pix_fmt == "yuv420p"
    content = file.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat"), "it starts before it is loaded"
