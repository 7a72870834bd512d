"""What a browser recorded is made ready to jump in, and nothing of it is lost on the way."""

import io
import os
import signal
import struct
import subprocess
import sys
import tempfile
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.films import film, recording, take
from tests.video.stores import Kept
from video.media import container, probe, remux
from video.media.probe import Findings, Unreadable
from video.media.remux import make_seekable
from video.storage import storage
from video.storage.base import StorageUnavailable
from video.storage.stored_file import StoredFile

TYPES = {"mp4": "video/mp4", "webm": "video/webm", "matroska": "video/x-matroska"}
KINDS = [
    ("webm", "libvpx", "libopus"),
    ("webm", "libvpx-vp9", "libopus"),
    ("webm", "libvpx", ""),
    ("mp4", "libx264", "aac"),
    ("mp4", "libx264", "libopus"),
    ("mp4", "libx264", ""),
    ("matroska", "libx264", "libopus"),
]
CODECS = {"libvpx": "vp8", "libvpx-vp9": "vp9", "libx264": "h264", "libopus": "opus", "aac": "aac", "": ""}


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where temporary files go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def mended(content: bytes, content_type: str) -> tuple[bytes, Findings]:
    kept = Kept(content)
    size = make_seekable(kept.backend, "k", to="k", size=kept.size, content_type=content_type)
    assert (kept.size, kept.content_type) == (size, content_type)
    return kept.content, probe.read(kept.backend, "k", size, content_type)


def times(content: bytes) -> dict[str, list[Fraction]]:
    """When each picture and sound is shown, in the order of the file."""
    found: dict[str, list[Fraction]] = {}
    with av.open(io.BytesIO(content), mode="r") as container:
        for packet in container.demux():
            if packet.size and packet.pts is not None:
                found.setdefault(packet.stream.type, []).append(packet.pts * packet.time_base)
    return found


@pytest.mark.parametrize(("begins", "pause"), [(0.0, 0.0), (7.0, 0.0), (0.0, 3.0)], ids=["", "late", "paused"])
@pytest.mark.parametrize(("container", "codec", "sound"), KINDS)
def test_recordings_get_length_and_index(container: str, codec: str, sound: str, begins: float, pause: float) -> None:
    content = recording(container, codec, sound, seconds=5, begins=begins, pause=pause)
    result, findings = mended(content, TYPES[container])

    assert findings.duration == pytest.approx(5 + pause, abs=0.2)
    assert not findings.streamed
    assert (findings.video_codec, findings.audio_codec) == (CODECS[codec], CODECS[sound])
    before, after = times(content), times(result)
    assert {kind: len(shown) for kind, shown in after.items()} == {kind: len(shown) for kind, shown in before.items()}
    assert min(min(shown) for shown in after.values()) == pytest.approx(0, abs=0.03)
    index, media = {"mp4": (b"moov", b"mdat")}.get(container, (b"\x1c\x53\xbb\x6b", b"\x1f\x43\xb6\x75"))
    assert result.rindex(index) < result.index(media)
    # Each keeps its place beside the others.
    moved = [float(b - a) for kind in before for b, a in zip(before[kind], after[kind], strict=True)]
    assert max(moved) - min(moved) < 0.003


@pytest.mark.parametrize(("container", "codec", "sound"), KINDS)
def test_one_can_jump_without_reading_all(container: str, codec: str, sound: str) -> None:
    result, _ = mended(recording(container, codec, sound, seconds=16, noisy=True), TYPES[container])
    kept = Kept(result)
    file = StoredFile(kept.backend, "k", kept.size, block=4096, blocks=1000, most=kept.size)

    with av.open(file, mode="r", format={"mp4": "mov"}.get(container, container), buffer_size=4096) as opened:
        opened.seek(8 * av.time_base)
        packet = next(packet for packet in opened.demux(video=0) if packet.size)
        assert packet.is_keyframe
        assert packet.pts is not None
        assert float(packet.pts * packet.time_base) == pytest.approx(8, abs=1.2)
    assert kept.size > 250_000
    assert kept.read_bytes < kept.size * 0.5


@pytest.mark.parametrize(("container", "codec", "sound"), KINDS)
def test_what_came_before_the_browser_died_is_kept(container: str, codec: str, sound: str) -> None:
    content = recording(container, codec, sound, seconds=10)
    whole = times(content)["video"]
    result, findings = mended(content[: len(content) * 2 // 3], TYPES[container])
    kept = times(result)["video"]

    assert len(whole) * 0.5 < len(kept) < len(whole) * 0.8
    assert findings.duration == pytest.approx(float(max(kept)), abs=0.3)


@pytest.mark.parametrize(("container", "codec"), [("webm", "libvpx"), ("matroska", "libx264")])
def test_half_a_finished_film_gets_its_true_length(container: str, codec: str) -> None:
    whole = film(container, codec, seconds=20)
    _, findings = mended(whole[: len(whole) // 2], TYPES[container])

    assert findings.duration is not None
    assert findings.duration < 15


def test_a_clock_that_stands_still_or_jumps_back_loses_nothing() -> None:
    content = stumbling(recording("webm", "libvpx", ""))
    before, after = (times(film)["video"] for film in (content, mended(content, "video/webm")[0]))

    assert any(later < earlier for earlier, later in pairwise(before))
    assert any(later == earlier for earlier, later in pairwise(before))
    assert len(after) == len(before) == 100
    assert all(later > earlier for earlier, later in pairwise(after))


def stumbling(content: bytes) -> bytes:
    """The same WebM, every fourth picture at the time of the one before, and others at an earlier one."""
    changed = bytearray(content)
    file = StoredFile(Kept(content).backend, "k", len(content), block=len(content), blocks=1, most=len(content))
    segment = next(start for number, start, _ in container._elements(file, 0, file.size) if number == 0x18538067)
    for cluster, start, end in container._elements(file, segment, file.size):
        blocks = [at for kind, at, _ in container._elements(file, start, end) if kind == 0xA3]
        if cluster == 0x1F43B675:
            for number, (earlier, at) in enumerate(pairwise(blocks)):
                (time,) = struct.unpack_from(">h", changed, earlier + 1)
                if number % 4 == 1:
                    struct.pack_into(">h", changed, at + 1, time - (number % 8 == 5))
    return bytes(changed)


@pytest.mark.parametrize(
    ("container", "codec"), [("webm", "libvpx"), ("mp4", "libx264")], ids=["before a cluster", "before a fragment"]
)
def test_nothing_recorded_is_unreadable(folder: Path, container: str, codec: str) -> None:
    content = recording(container, codec, "")
    mark = b"\x1f\x43\xb6\x75" if container == "webm" else b"moof"
    kept = Kept(content[: content.index(mark)])
    was = kept.content

    with pytest.raises(Unreadable):
        make_seekable(kept.backend, "k", to="k", size=kept.size, content_type=TYPES[container])
    assert kept.content == was
    assert list(folder.iterdir()) == []


def test_a_film_that_only_lacks_an_index_in_front_is_moved() -> None:
    content = take("mp4", "libx264", "aac", seconds=3)  # its sound begins before zero, to warm the decoder up
    result, findings = mended(content, "video/mp4")

    assert times(result) == times(content)
    assert result.index(b"moov") < result.index(b"mdat")
    assert findings.duration == pytest.approx(3, abs=0.2)


@pytest.mark.parametrize("content_type", ["video/x-msvideo", "video/x-ms-wmv"])
def test_other_kinds_are_left_alone(content_type: str) -> None:
    container, codec = {"video/x-msvideo": ("avi", "mpeg4"), "video/x-ms-wmv": ("asf", "wmv2")}[content_type]
    with pytest.raises(Unreadable):
        mended(film(container, codec), content_type)


def test_h264_in_what_a_browser_calls_webm() -> None:
    _, findings = mended(recording("matroska", "libx264", "libopus"), "video/webm")

    assert (findings.video_codec, findings.streamed) == ("h264", False)


# --- faults that are not the film's -------------------------------------------------------------------------------
def test_silent_storage_leaves_what_was_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remux, "_BLOCK", 4096)
    monkeypatch.setattr(probe, "_BUFFER", 4096)
    content = recording("webm", "libvpx", "libopus", seconds=20)
    for answers in range(-(-len(content) // 4096) + 1):  # at the last, nothing but putting it back fails
        kept = Kept(content, fails_after=answers)
        with pytest.raises(StorageUnavailable):
            make_seekable(kept.backend, "k", to="k", size=kept.size, content_type="video/webm")
        assert kept.content == content
    assert list(folder.iterdir()) == []


def test_a_full_disk_is_not_the_films_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remux, "_address", lambda file: "/dev/full")
    with pytest.raises(OSError, match="No space left") as caught:
        mended(recording(), "video/webm")
    assert not isinstance(caught.value, av.error.FFmpegError)


def test_an_index_that_names_the_same_bytes_over_and_over_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remux, "_MARGIN", -2 * len(recording()) + 1000)
    with pytest.raises(Unreadable, match="too_costly"):
        mended(recording(), "video/webm")


def test_each_byte_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remux, "_BLOCK", 4096)
    for kind, codec in (("webm", "libvpx"), ("mp4", "libx264")):
        kept = Kept(recording(kind, codec, "libopus", seconds=30))
        size = kept.size
        make_seekable(kept.backend, "k", to="k", size=size, content_type=TYPES[kind])
        assert kept.read_bytes <= size + 3 * 4096


def test_on_a_real_server() -> None:
    s3, content = storage("s3"), recording()
    s3.put("remux/a.webm", io.BytesIO(content), content_type="video/webm")
    size = make_seekable(s3, "remux/a.webm", to="remux/b.webm", size=len(content), content_type="video/webm")

    stored = s3.inspect("remux/b.webm")
    assert stored is not None
    assert (stored.size, stored.content_type) == (size, "video/webm")
    assert probe.read(s3, "remux/b.webm", size, "video/webm").duration == pytest.approx(5, abs=0.2)
    assert s3.read("remux/a.webm", 0, len(content)) == content


def test_a_worker_that_is_killed_leaves_nothing_in_the_temporary_folder(folder: Path) -> None:
    """Another process, killed at the moment when its film is written and not yet sent."""
    program = """
import os, signal, sys
from tests.films import recording
from tests.video.stores import Kept
from video.media.remux import make_seekable
class Deadly(Kept):
    def put(self, key, file, **more):
        assert len(file.read()) > 1000
        os.kill(os.getpid(), signal.SIGKILL)
kept = Deadly(recording())
make_seekable(kept, "k", to="l", size=kept.size, content_type="video/webm")
"""
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, "TMPDIR": str(folder)}, check=False)

    assert done.returncode == -signal.SIGKILL
    assert list(folder.iterdir()) == []
