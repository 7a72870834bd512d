"""What a stored file says of itself is read by few ranges; what nobody could watch is told by its kind."""

import contextlib
import struct

import pytest

from tests.films import film, recording, take
from tests.video.stores import Kept
from video.media import probe
from video.media.probe import Findings, Unreadable
from video.storage.base import StorageUnavailable

MIB = 1 << 20
TYPES = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "matroska": "video/x-matroska",
    "avi": "video/x-msvideo",
    "asf": "video/x-ms-wmv",
}


def read(content: bytes | Kept, content_type: str = "video/mp4") -> Findings:
    kept = content if isinstance(content, Kept) else Kept(content)
    return probe.read(kept.backend, "k", kept.size, content_type)


def refusal(content: bytes | Kept, content_type: str = "video/mp4") -> str:
    with pytest.raises(Unreadable) as caught:
        read(content, content_type)
    assert caught.value.reason
    return caught.value.code


def with_gap(content: bytes, gap: int) -> Kept:
    """A film with so much unused room between its pictures and its index, which is at the end."""
    index = content.index(b"moov") - 4
    return Kept(content[:index], struct.pack(">I4sQ", 1, b"free", 16 + gap), gap, content[index:])


@pytest.mark.parametrize(
    ("container", "codec", "sound", "found"),
    [
        ("mp4", "libx264", "aac", ("h264", "aac")),
        ("mov", "libx265", "", ("hevc", "")),
        ("mov", "mjpeg", "", ("mjpeg", "")),
        ("webm", "libvpx", "libopus", ("vp8", "opus")),
        ("matroska", "libx264", "aac", ("h264", "aac")),
        ("avi", "mpeg4", "libmp3lame", ("mpeg4", "mp3")),
        ("asf", "wmv2", "wmav2", ("wmv2", "wmav2")),
    ],
)
def test_every_kind_is_read(container: str, codec: str, sound: str, found: tuple[str, str]) -> None:
    findings = read(take(container, codec, sound, seconds=3), TYPES[container])

    assert findings.duration == pytest.approx(3, abs=0.2)
    assert (findings.width, findings.height) == (160, 90)
    assert (findings.video_codec, findings.audio_codec) == found
    assert not findings.streamed


def test_content_says_more_than_the_type_it_was_given() -> None:
    assert read(film("webm", "libvpx"), "video/mp4").video_codec == "vp8"
    assert read(film("avi", "mpeg4"), "video/webm").video_codec == "mpeg4"


@pytest.mark.parametrize(
    ("container", "codec", "sound"),
    [("webm", "libvpx", "libopus"), ("webm", "libvpx-vp9", ""), ("mp4", "libx264", "aac"), ("matroska", "libx264", "")],
)
def test_what_a_browser_recorded_is_streamed(container: str, codec: str, sound: str) -> None:
    findings = read(recording(container, codec, sound), TYPES[container])

    assert findings.streamed
    assert findings.duration is None
    assert (findings.width, findings.height) == (160, 90)


# --- how much is read ---------------------------------------------------------------------------------------------
def test_a_huge_film_takes_some_megabytes() -> None:
    kept = with_gap(film(seconds=3), 5_000 * MIB)

    assert read(kept).duration == pytest.approx(3, abs=0.2)
    assert kept.read_bytes <= 3 * MIB


def test_a_long_recording_is_not_walked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_BLOCK", 512)
    monkeypatch.setattr(probe, "_BUFFER", 512)
    kept = Kept(recording("mp4", "libx264", "", seconds=60))

    read(kept)
    assert kept.read_bytes < kept.size / 2


def test_a_hostile_file_is_given_up() -> None:
    """Behind its header the library looks for the next part through all zeros."""
    head = film("webm", "libvpx")
    kept = Kept(head[: head.index(b"\x1f\x43\xb6\x75")], 5_000 * MIB)

    assert refusal(kept, "video/webm") == "too_costly"
    assert kept.read_bytes <= 64 * MIB


def test_an_index_of_nothing_takes_no_memory() -> None:
    """Sixty million samples of one byte, in a table of one row."""
    content, many = bytearray(film()), 60_000_000
    sizes, runs, times = (content.index(name) for name in (b"stsz", b"stsc", b"stts"))
    struct.pack_into(">II", content, sizes + 8, 1, many)
    struct.pack_into(">I", content, runs + 16, many)
    struct.pack_into(">I", content, times + 12, many)

    assert refusal(bytes(content)) in ("damaged", "too_costly")


def test_memory_is_bounded_only_meanwhile() -> None:
    with probe._memory_bounded(), pytest.raises(MemoryError):
        bytearray(1100 * MIB)
    bytearray(1100 * MIB)


# --- what nobody could watch --------------------------------------------------------------------------------------
@pytest.mark.parametrize("left", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(
    ("container", "codec", "options"),
    [
        ("mp4", "libx264", ()),
        ("mp4", "libx264", (("movflags", "faststart"),)),
        ("mov", "libx265", ()),
        ("avi", "mpeg4", ()),
        ("asf", "wmv2", ()),
    ],
    ids=["index last", "index first", "mov", "avi", "wmv"],
)
def test_cut_off(container: str, codec: str, options: tuple[tuple[str, str], ...], left: float) -> None:
    whole = take(container, codec, seconds=3, options=options)

    assert refusal(whole[: int(len(whole) * left)], TYPES[container]) == "cut_off"


def test_cut_off_where_only_the_index_knows() -> None:
    whole = bytearray(faststart())
    struct.pack_into(">I", whole, whole.index(b"mdat") - 4, 0)  # "to the end of the file"

    assert read(bytes(whole)).duration == pytest.approx(3, abs=0.2)
    assert refusal(bytes(whole[:-20])) == "cut_off"


@pytest.mark.parametrize(
    ("container", "codec"), [("webm", "libvpx"), ("matroska", "libx264")], ids=["webm", "matroska"]
)
def test_half_a_matroska_file_plays_without_its_index(container: str, codec: str) -> None:
    whole = film(container, codec, seconds=10)

    assert not read(whole, TYPES[container]).streamed
    assert read(whole[: len(whole) // 2], TYPES[container]).streamed


def test_half_a_recording_plays() -> None:
    for container, codec in (("webm", "libvpx"), ("mp4", "libx264")):
        whole = recording(container, codec)
        assert read(whole[: len(whole) // 2], TYPES[container]).streamed


@pytest.mark.parametrize(("container", "sound"), [("mp4", "aac"), ("webm", "libopus"), ("asf", "wmav2")])
def test_sound_alone_is_no_video(container: str, sound: str) -> None:
    assert refusal(take(container, sound=sound), TYPES[container]) == "no_picture"


PLAYLISTS = {
    "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "dash": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    "text": b"This is no film at all. " * 50,
    "html": b"<!doctype html><title>x</title>",
    "zip": b"PK\x03\x04" + bytes(500),
    "mpeg ts": (b"\x47" + bytes(187)) * 20,
    "zeros": bytes(10_000),
    "nothing": b"",
}


@pytest.mark.parametrize("content_type", TYPES.values())
@pytest.mark.parametrize("name", PLAYLISTS)
def test_what_is_no_film_is_not_known(name: str, content_type: str) -> None:
    assert refusal(PLAYLISTS[name], content_type) == "unknown"


def test_no_other_file_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should a playlist ever get past the look at the first bytes, the library is not asked what it is."""
    monkeypatch.setattr("video.media.container.family_of", lambda head: "mp4")
    monkeypatch.setattr("video.media.container._mp4", lambda file, size: (True, False))

    assert refusal(PLAYLISTS["hls"]) == "damaged"
    assert refusal(film("webm", "libvpx"), "video/webm") == "damaged"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"\0\0\0\x18ftypisom\0\0\2\0isommp41" + bytes(range(256)) * 32, "video/mp4"),
        (film("webm", "libvpx")[:200], "video/webm"),
        (film("webm", "libvpx")[:300] + bytes(100_000), "video/webm"),
        (b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 32, "video/webm"),
    ],
    ids=["ftyp and garbage", "a head alone", "zeros behind a head", "no matroska at all"],
)
def test_damaged(content: bytes, content_type: str) -> None:
    assert refusal(content, content_type) in ("damaged", "cut_off")


@pytest.mark.parametrize(("container", "codec"), [("mp4", "libx264"), ("webm", "libvpx"), ("avi", "mpeg4")])
def test_no_flipped_byte_is_a_surprise(container: str, codec: str) -> None:
    whole = take(container, codec, options=(("movflags", "faststart"),) if container == "mp4" else ())
    for at in range(0, min(len(whole), 2000), 3):
        broken = bytearray(whole)
        broken[at] ^= 0xFF
        with contextlib.suppress(Unreadable):
            assert read(bytes(broken), TYPES[container]).video_codec is not None


@pytest.mark.parametrize("answers", [0, 1])
def test_silent_storage_is_not_the_films_fault(answers: int) -> None:
    kept = with_gap(film(), 5 * MIB)
    kept.fails_after = answers

    with pytest.raises(StorageUnavailable):
        read(kept)


def test_silence_while_pictures_are_looked_for_is_not_the_films_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_BLOCK", 256)
    monkeypatch.setattr(probe, "_BUFFER", 256)
    content = recording("webm", "libvpx")
    whole = Kept(content)
    read(whole, "video/webm")
    for answers in range(whole.reads):
        with pytest.raises(StorageUnavailable):
            read(Kept(content, fails_after=answers), "video/webm")


def faststart() -> bytes:
    return take("mp4", "libx264", seconds=3, options=(("movflags", "faststart"),))
