import { beforeEach, describe, expect, it } from "vitest";
import { renewAfter } from "../src/playback/renewal";
import { localInputValue, showLocalTimes, soon, useLocalZone } from "../src/times";

const now = new Date("2026-11-21T12:00:00Z");

beforeEach(() => {
  document.documentElement.lang = "en";
});

describe("times on a page", () => {
  it("are shown in the browser's zone, and bad ones left alone", () => {
    document.body.innerHTML = `
      <time datetime="2026-11-21T12:05:00Z" data-local="soon">server</time>
      <time datetime="never" data-local="plain">server</time>`;
    showLocalTimes(document, now);
    const [good, bad] = [...document.querySelectorAll("time")];
    expect(good?.textContent).toContain("in 5 minutes");
    expect(good?.textContent).not.toContain("server");
    expect(bad?.textContent).toBe("server");
  });

  it("name the zone, but not in a badge", () => {
    const at = '<time datetime="2026-11-28T22:59:00Z"';
    document.body.innerHTML = `${at} data-local="plain"></time>${at} data-local="short"></time>`;
    showLocalTimes(document, now);
    const [plain, short] = [...document.querySelectorAll("time")].map((time) => time.textContent ?? "");
    expect(plain?.startsWith(`${short} `)).toBe(true);
    expect(short).toMatch(/Nov/);
  });

  it("say how soon within two days only", () => {
    expect(soon(new Date("2026-11-21T20:00:00Z"), now)).toBe(" (in 8 hours)");
    expect(soon(new Date("2026-11-21T11:50:00Z"), now)).toBe(" (10 minutes ago)");
    expect(soon(new Date("2026-12-21T12:00:00Z"), now)).toBe("");
  });
});

describe("a form with dates", () => {
  it("shows stored moments in the browser's zone and names it", () => {
    document.body.innerHTML = `<form><input type="hidden" name="time_zone">
      <input type="datetime-local" data-utc="2026-12-01T22:59:00Z" value="2026-12-01T22:59">
      <strong data-zone-name>UTC</strong></form>`;
    const form = document.querySelector("form") as HTMLFormElement;
    useLocalZone(form);
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    expect(form.querySelector<HTMLInputElement>("[name=time_zone]")?.value).toBe(zone);
    expect(form.querySelector("[data-zone-name]")?.textContent).toBe(zone);
    const shown = form.querySelector<HTMLInputElement>("[data-utc]")?.value ?? "";
    expect(new Date(shown).getTime()).toBe(Date.parse("2026-12-01T22:59:00Z"));
  });

  it("writes dates as the field wants them", () => {
    expect(localInputValue("2026-03-05T07:08:00Z")).toMatch(/^2026-03-0\dT\d\d:\d\d$/);
  });
});

describe("a signed address", () => {
  it("is renewed well before its end, whatever its life", () => {
    expect(renewAfter(24 * 3_600_000)).toBe(24 * 3_600_000 * 0.9);
    expect(renewAfter(5 * 60_000)).toBe(4 * 60_000);
    expect(renewAfter(60_000)).toBe(30_000);
    expect(renewAfter(-5)).toBe(1000);
    expect(renewAfter(1e12)).toBeLessThan(2 ** 31);
  });
});
