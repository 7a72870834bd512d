import { describe, expect, it } from "vitest";
import { type Surroundings, screenAbility } from "../../src/recorder/ability";
import { plainType, recordingName, recordingType, TYPES } from "../../src/recorder/codec";
import { cropped, fitted, place, within } from "../../src/recorder/compose";
import { limitOf, limitWords, mostBytes, roomWords } from "../../src/recorder/estimate";
import { fullness, LevelJudge, loudness } from "../../src/recorder/level";
import { clock, lastMoments, Stopwatch } from "../../src/recorder/stopwatch";
import { browserOf, causeOf, DeviceTrouble, troubleWords } from "../../src/recorder/trouble";

describe("the type to record in", () => {
  const choose = (...able: string[]) => recordingType((type) => able.includes(type));

  it("is H.264 with AAC before WebM, VP9 before VP8, and what the browser likes only at the end", () => {
    expect(recordingType(() => true)).toBe('video/mp4;codecs="avc1.42E028,mp4a.40.2"');
    expect(recordingType((type) => type.includes("webm"))).toContain("vp9");
    expect(choose('video/webm;codecs="vp8,opus"', "video/webm", "video/mp4")).toContain("vp8");
    expect(choose("video/webm", "video/mp4")).toBe("video/mp4");
    expect(choose("video/webm")).toBe("video/webm");
    expect(choose()).toBeUndefined();
  });

  it("is never HEVC, which plays as a black picture elsewhere", () => {
    expect(choose('video/mp4;codecs="hvc1.1.6.L93.B0,mp4a.40.2"')).toBeUndefined();
    expect(TYPES.join()).not.toMatch(/hvc1|hev1/);
  });

  it("gives the file its name and ending", () => {
    const at = new Date(2026, 10, 21, 10, 5);
    expect(recordingName(at, TYPES[2] ?? "")).toBe("Recording 2026-11-21 10.05.webm");
    expect(recordingName(at, TYPES[0] ?? "")).toBe("Recording 2026-11-21 10.05.mp4");
    expect(plainType(TYPES[0] ?? "")).toBe("video/mp4");
  });
});

describe("where a screen can be recorded", () => {
  const at = (found: Partial<Surroundings>) =>
    screenAbility({ display: true, allowed: undefined, framed: false, phone: false, ...found });

  it("is here, unless the frame forbids it or does not tell", () => {
    expect(at({})).toBe("here");
    expect(at({ framed: true, allowed: true })).toBe("here");
    expect(at({ framed: true, allowed: false })).toBe("window");
    expect(at({ framed: true })).toBe("window");
  });

  it("is nowhere on a phone, and in no window that the server's own policy forbids", () => {
    expect(at({ display: false, phone: true })).toBe("none");
    expect(at({ display: false, phone: true, framed: true })).toBe("none");
    expect(at({ display: false, framed: true })).toBe("window");
    expect(at({ allowed: false })).toBe("none");
  });
});

describe("whether somebody is heard", () => {
  /** Feed loudnesses, ten a second; the last judgement. */
  function judge(...runs: [loudness: number, seconds: number][]) {
    const judged = new LevelJudge();
    let at = 0;
    let heard = judged.note(0.01, at);
    for (const [rms, seconds] of runs) {
      for (let step = 0; step < seconds * 10; step += 1) {
        at += 100;
        heard = judged.note(rms, at);
      }
    }
    return heard;
  }

  it("needs some speech, not a knock on the table", () => {
    expect(judge([0.05, 0.2])).toBe("listening");
    expect(judge([0.05, 0.5])).toBe("heard");
    expect(judge([0.01, 3])).toBe("listening");
  });

  it("is doubted after four quiet seconds, and believed again", () => {
    expect(judge([0.005, 3.8])).toBe("listening");
    expect(judge([0.005, 4.2])).toBe("silent");
    expect(judge([0.005, 6], [0.05, 0.5])).toBe("heard");
  });

  it("is not doubted in a pause for thought, but when the microphone goes dead", () => {
    expect(judge([0.05, 1], [0.002, 20])).toBe("heard");
    expect(judge([0.05, 1], [0, 3.8])).toBe("heard");
    expect(judge([0.05, 1], [0, 4.2])).toBe("silent");
  });

  it("does not count a sleep of the tab", () => {
    const judged = new LevelJudge();
    judged.note(0.05, 0);
    expect(judged.note(0.05, 100_000)).toBe("listening");
    expect(judged.note(0.01, 200_000)).toBe("listening");
    expect(judged.note(0.01, 300_000)).toBe("listening");
  });

  it("is measured as ears do", () => {
    expect(loudness(Float32Array.of(0.5, -0.5, 0.5, -0.5))).toBeCloseTo(0.5);
    expect(loudness(new Float32Array())).toBe(0);
    expect([fullness(0), fullness(0.001), fullness(1)]).toEqual([0, 0, 1]);
    expect(fullness(0.1)).toBeGreaterThan(fullness(0.02));
  });
});

describe("the clock", () => {
  it("does not count pauses", () => {
    let now = 0;
    const watch = new Stopwatch(() => now);
    watch.start();
    now = 3000;
    watch.stop();
    now = 60_000;
    expect(watch.seconds).toBe(3);
    watch.start();
    now = 61_000;
    expect(watch.seconds).toBe(4);
    watch.stop();
    watch.stop();
    expect(watch.seconds).toBe(4);
  });

  it("is written as people do", () => {
    expect([0, 9.9, 65, 3723, -1].map(clock)).toEqual(["0:00", "0:09", "1:05", "1:02:03", "0:00"]);
  });

  it("speaks once at a minute, at 30 and at 10 seconds", () => {
    expect(lastMoments(60.2, 59.9)).toBe("1 minute left");
    expect(lastMoments(59.9, 59.6)).toBe("");
    expect(lastMoments(30.1, 30)).toBe("30 seconds left");
    expect(lastMoments(30, 29.8)).toBe("");
    expect(lastMoments(65, 9)).toBe("10 seconds left");
  });
});

describe("how long may be recorded", () => {
  const MB = 1024 ** 2;

  it("is the assignment's length, or what fits into the largest file", () => {
    expect(limitOf({ maxSeconds: 300, maxBytes: 512 * MB })).toEqual({ seconds: 300, bySize: false });
    const bySize = limitOf({ maxSeconds: null, maxBytes: 100 * MB });
    expect(bySize.bySize).toBe(true);
    expect(bySize.seconds).toBe(312);
    expect(limitOf({ maxSeconds: 600, maxBytes: 100 * MB })).toEqual(bySize);
    expect(mostBytes(100 * MB)).toBe(98 * MB);
    expect(mostBytes(1000)).toBe(900);
  });

  it("is said with about how large it gets, and whether this device has room", () => {
    const limit = { seconds: 300, bySize: false };
    expect(limitWords(limit)).toBe("You can record up to 5 minutes, about 94.0 MB.");
    expect(limitWords({ seconds: 90, bySize: false })).toContain("1:30 minutes");
    expect(limitWords({ seconds: 8, bySize: false })).toContain("8 seconds");
    expect(roomWords(10 * 1024 * MB, limit)).toContain("has room for it");
    expect(roomWords(20 * MB, limit)).toContain("about 1 min only");
    expect(roomWords(undefined, limit)).toBe("");
  });
});

describe("the screen with the camera in a corner", () => {
  it("is at most 1080p, even, and of the screen's shape", () => {
    expect(within(1279, 721)).toEqual({ width: 1280, height: 722 });
    expect(within(3840, 2160)).toEqual({ width: 1920, height: 1080 });
    expect(within(1080, 2400)).toEqual({ width: 486, height: 1080 });
  });

  it("shows all of the screen and the middle of the camera", () => {
    expect(fitted(1000, 1000, 1920, 1080)).toEqual({ x: 420, y: 0, width: 1080, height: 1080 });
    expect(cropped(1280, 720, 4 / 3)).toEqual({ x: 160, y: 0, width: 960, height: 720 });
    expect(cropped(480, 640, 4 / 3)).toEqual({ x: 0, y: 140, width: 480, height: 360 });
  });

  it("keeps the camera inside, in the corner that was chosen", () => {
    const low = place("bottom-right", 1920, 1080);
    const high = place("top-left", 1920, 1080);
    expect([low.x + low.width, low.y + low.height]).toEqual([1920 - 38, 1080 - 38]);
    expect([high.x, high.y]).toEqual([38, 38]);
  });
});

describe("trouble with devices", () => {
  it("is told apart by what browsers throw", () => {
    const thrown = (name: string) => causeOf(new DOMException("", name));
    expect(["NotAllowedError", "NotFoundError", "NotReadableError", "TypeError"].map(thrown)).toEqual([
      "denied",
      "missing",
      "busy",
      "unknown",
    ]);
  });

  it("is said with the steps of this browser, and of Moodle's frame", () => {
    const denied = new DeviceTrouble("camera", "denied");
    expect(troubleWords(denied, "firefox", false).steps.join()).toContain("Blocked");
    expect(troubleWords(denied, "safari", false).steps.join()).toContain("Settings for This Website");
    expect(troubleWords(denied, "chrome", true).steps.join()).toContain("Moodle's address");
    expect(troubleWords(denied, "chrome", false).steps.join()).not.toContain("Moodle");
    expect(troubleWords(new DeviceTrouble("camera", "forbidden"), "chrome", true).steps.join()).toContain(
      "Full window",
    );
  });

  it("knows the browsers by their agents", () => {
    const chrome =
      "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36";
    expect(browserOf(chrome)).toBe("chrome");
    expect(browserOf(`${chrome} Edg/130.0`)).toBe("edge");
    expect(browserOf("Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/140.0")).toBe("firefox");
    expect(browserOf("Mozilla/5.0 (Macintosh) AppleWebKit/605 Version/18 Safari/605")).toBe("safari");
    expect(browserOf("Mozilla/5.0 (iPhone) AppleWebKit/605 CriOS/130 Safari/605")).toBe("iphone");
    expect(browserOf("Mozilla/5.0 (Linux; Android 15) Chrome/130.0 Mobile Safari/537.36")).toBe("android");
  });
});
