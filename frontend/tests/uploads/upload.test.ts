import { describe, expect, it } from "vitest";
import { bytes, timeLeft } from "../../src/format";
import { Refusal } from "../../src/http";
import { type UploadConfig, whyNot } from "../../src/uploads/file-check";
import { delayBefore } from "../../src/uploads/retry";
import { Speed } from "../../src/uploads/speed";

const config: UploadConfig = {
  beginUrl: "/l/1/uploads/",
  submitUrl: "/l/1/submit/",
  cancelUrl: "/l/1/submit/cancel/",
  maxBytes: 1000,
  types: ["video/mp4", "video/quicktime"],
  accept: "video/mp4,video/quicktime,.mp4,.mov",
};

describe("a chosen file", () => {
  const file = (name: string, size: number, type: string) => whyNot({ name, size, type }, config);

  it("is taken by its type or, as phones need it, by its ending", () => {
    expect(file("a.mp4", 10, "video/mp4")).toBe("");
    expect(file("IMG_1.MOV", 10, "")).toBe("");
    expect(file("clip.mp4", 10, "application/octet-stream")).toBe("");
    expect(file("noending", 10, "video/mp4;codecs=avc1")).toBe("");
  });

  it("is refused in words when it is empty, too large or no video", () => {
    expect(file("a.mp4", 0, "video/mp4")).toMatch(/empty/);
    expect(file("a.mp4", 1001, "video/mp4")).toMatch(/1001 bytes; the limit is 1000 bytes|1\.0 KB/);
    expect(file("a.pdf", 10, "application/pdf")).toMatch(/not a video/);
    expect(file("a.mp4", 10, "text/html")).toMatch(/not a video/);
    expect(file("a.exe", 10, "")).toMatch(/not a video/);
  });
});

describe("speed", () => {
  it("is that of the last seconds, so that a change of network shows", () => {
    const speed = new Speed(10_000);
    for (let second = 0; second <= 60; second += 1) speed.note(second * 1000, second * 1000);
    for (let second = 61; second <= 75; second += 1) speed.note(60_000 + (second - 60) * 10, second * 1000);
    expect(speed.perSecond).toBeCloseTo(10, 0);
    expect(speed.secondsLeft(60_250)).toBeCloseTo(10, 0);
  });

  it("starts anew when a retry sends from the beginning", () => {
    const speed = new Speed();
    speed.note(0, 0);
    speed.note(5000, 1000);
    speed.note(0, 2000);
    speed.note(100, 3000);
    expect(speed.perSecond).toBe(100);
  });

  it("is unknown at first", () => {
    expect(new Speed().secondsLeft(100)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("pauses between tries", () => {
  it("double, stop growing at 30 s, and differ between browsers by up to half", () => {
    expect([0, 1, 2, 3].map((attempt) => delayBefore(attempt, () => 1))).toEqual([1000, 2000, 4000, 8000]);
    expect(delayBefore(20, () => 1)).toBe(30_000);
    expect(delayBefore(3, () => 0)).toBe(4000);
  });
});

describe("words for numbers", () => {
  it("counts bytes as phones do", () => {
    expect(bytes(999)).toBe("999 bytes");
    expect(bytes(1536)).toBe("1.5 KB");
    expect(bytes(5 * 1024 ** 3)).toBe("5.0 GB");
    expect(bytes(512 * 1024 ** 2)).toBe("512 MB");
  });

  it("says time left as people do", () => {
    expect(timeLeft(3)).toBe("a few seconds");
    expect(timeLeft(41)).toBe("about 50 s");
    expect(timeLeft(185)).toBe("about 3 min");
    expect(timeLeft(2 * 3600 + 300)).toBe("about 2 h 5 min");
    expect(timeLeft(Number.POSITIVE_INFINITY)).toBe("");
  });
});

describe("a refusal", () => {
  const passes = (status: number, code: string) => new Refusal(status, code, "", "").willPass;

  it("passes where a proxy speaks for a server that starts anew, not where storage is not set up", () => {
    expect([passes(502, "http_502"), passes(503, "http_503"), passes(0, "no_answer")]).toEqual([
      true,
      true,
      true,
    ]);
    expect([passes(502, "storage_refused"), passes(500, "http_500")]).toEqual([false, false]);
  });
});
