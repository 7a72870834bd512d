"""How soon the next student's video is on the screen, made ready before or not. Part of `make bench-grading`.

    python -m bench.next_student --rounds 15 --latency-ms 40 --mbit 20

STUDENTS people of the demo have handed in a film of SIZE_MB. A teacher in Chromium goes from the first to the last by
the key N, in turns with the preloading and without (its request is refused), and looks at each for a while. Measured
is the time from the press in the old page to the first frame in the new one (`requestVideoFrameCallback`). Each address
is signed anew: what was seen before is not in the browser's cache. The line is Chromium's own emulation of one
with that latency and rate; what comes from the browser's cache is not slowed. Figures last: medians, in ms.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from playwright.sync_api import CDPSession, Page, Route, sync_playwright

from tests.e2e import demo_run
from tests.e2e.browser import chromium
from tests.e2e.demo_run import Demo
from tests.e2e.people import TEACHER, launch, set_up
from tests.films import padded

STUDENTS = ("6", "7", "8", "9", "10")
SIZE_MB = 20
LOOKS = 2500  # ms that one student's page is looked at
SHOWN = "html[data-took-ms]"
PRESSED = "reelmark-bench-pressed"
# When the first frame of a page's player was shown, and when the key was pressed in the page before.
_FIRST_FRAME = f"""
addEventListener("keydown", (event) => {{
  if (event.key === "n" || event.key === "p")
    sessionStorage.setItem("{PRESSED}", String(performance.timeOrigin + event.timeStamp));
}}, true);
new MutationObserver((_, watching) => {{
  const video = document.querySelector("[data-player] video");
  if (!video) return;
  watching.disconnect();
  video.requestVideoFrameCallback((now) => {{
    const took = performance.timeOrigin + now - Number(sessionStorage.getItem("{PRESSED}"));
    document.documentElement.dataset.tookMs = String(took);
  }});
}}).observe(document, {{ childList: true, subtree: true }});
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--latency-ms", type=float, default=40.0)
    parser.add_argument("--mbit", type=float, default=20.0)
    options = parser.parse_args()
    figures: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="reelmark-bench-next-") as name, sync_playwright() as playwright:
        settings = {"PLAYBACKS_A_MINUTE": "10000"}
        with demo_run.running(Path(name), settings=settings) as demo, chromium(playwright) as context:
            page = context.new_page()
            link = _hand_in(page, demo, Path(name) / "film.mp4")
            page.add_init_script(_FIRST_FRAME)
            line = context.new_cdp_session(page)
            for suffix, latency, mbit in (("", options.latency_ms, options.mbit), ("_local", 0.0, 0.0)):
                _slow(line, latency, mbit)
                figures |= _measured(page, demo, link, options.rounds, suffix)
    print(" ".join(f"{name}={value}" for name, value in figures.items()))


def _hand_in(page: Page, demo: Demo, film: Path) -> int:
    film.write_bytes(padded(SIZE_MB * 1024 * 1024))
    link = demo.add_activity("Interview")
    set_up(page, demo, link)
    for person in STUDENTS:
        student = launch(page, demo, person, link)
        student.locator("input[type=file]").set_input_files(film)
        student.get_by_role("button", name="Submit video").click()
        student.get_by_role("button", name="Yes, submit").click()
        student.locator(".receipt-number").wait_for()
    return link


def _slow(line: CDPSession, latency: float, mbit: float) -> None:
    line.send("Network.enable")
    rate = mbit * 1e6 / 8 if mbit else -1
    conditions = {"offline": False, "latency": latency, "downloadThroughput": rate, "uploadThroughput": rate}
    line.send("Network.emulateNetworkConditions", conditions)


def _measured(page: Page, demo: Demo, link: int, rounds: int, suffix: str) -> dict[str, str]:
    """Laps from the first student to the last, one kind after the other."""
    took: dict[bool, list[float]] = {False: [], True: []}
    while len(took[True]) < rounds:
        for preloading in (False, True):
            with nullcontext() if preloading else _without_preloading(page):
                took[preloading] += _lap(page, demo, link, preloading=preloading)
    print(
        f"{suffix.strip('_') or 'on that line'}: plain {_spread(took[False])}; preloaded {_spread(took[True])}",
        flush=True,
    )
    return {
        f"next_ms_preloaded{suffix}": f"{statistics.median(took[True]):.0f}",
        f"next_ms_plain{suffix}": f"{statistics.median(took[False]):.0f}",
    }


def _lap(page: Page, demo: Demo, link: int, *, preloading: bool) -> list[float]:
    page.goto(f"{demo.lms}/open/{link}/{TEACHER}?window=new")
    page.wait_for_url(f"{demo.tool}/l/**")
    page.locator("table tbody a").first.click()
    took = []
    for _ in STUDENTS[1:]:
        page.locator(SHOWN).wait_for(state="attached")
        if preloading:
            page.locator("[data-next-is-ready]").wait_for(state="attached")
        page.wait_for_timeout(LOOKS)
        page.locator("html").evaluate("page => { delete page.dataset.tookMs }")
        page.keyboard.press("n")
        took.append(float(page.locator(SHOWN).get_attribute("data-took-ms") or "nan"))
    return took


@contextmanager
def _without_preloading(page: Page) -> Iterator[None]:
    def refuse(route: Route) -> None:
        route.abort()

    page.route("**/peek/", refuse)
    try:
        yield
    finally:
        page.unroute("**/peek/", refuse)


def _spread(times: list[float]) -> str:
    ordered = sorted(times)
    return f"{statistics.median(times):.0f} ms ({ordered[0]:.0f} to {ordered[-1]:.0f}, n={len(times)})"


if __name__ == "__main__":
    main()
