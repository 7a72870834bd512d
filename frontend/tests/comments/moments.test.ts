import { describe, expect, it } from "vitest";
import { clock, currentAt, exactClock, inWords, onTimeline, parseTime } from "../../src/comments/moments";

describe("a typed time", () => {
  it.each([
    ["1:02:03", 3723],
    ["75", 75],
    ["1:15.5", 75.5],
    ["1:15,25", 75.25],
    [" 0:20 ", 20],
    ["0", 0],
    ["0.125", 0.125],
    ["90:00", 5400],
    ["100:00:00", 360_000],
  ])("%s is %d seconds", (typed, seconds) => {
    expect(parseTime(typed)).toBe(seconds);
  });

  it.each([
    "",
    "soon",
    "-1",
    "1:75",
    "1:75:00",
    "1:2:3:4",
    "1:",
    ":20",
    "1.5:20",
    "1e3",
    "NaN",
    "Infinity",
    "0x10",
    "1 2",
    "9999999",
  ])("%s is none", (typed) => {
    expect(parseTime(typed)).toBeUndefined();
  });

  it.each([0, 0.1, 59.9, 59.96, 75.5, 3599.97, 3723])("%d shown in a field is read again", (seconds) => {
    expect(parseTime(exactClock(seconds))).toBeCloseTo(seconds, 1);
  });
});

it("a time is the second that has begun, as players show it", () => {
  expect([0, 20.9, 75, 3600, 3723.99].map(clock)).toEqual(["0:00", "0:20", "1:15", "1:00:00", "1:02:03"]);
  expect(exactClock(59.96)).toBe("1:00");
  expect(inWords({ at: 20, until: 35.2 })).toBe("0:20 to 0:35");
  expect(inWords({ at: 20, until: undefined })).toBe("0:20");
});

describe("on the timeline", () => {
  it("a moment has a place, a span has a width too", () => {
    expect(onTimeline({ at: 30, until: undefined }, 120)).toEqual({ left: 25, width: 0 });
    expect(onTimeline({ at: 30, until: 90 }, 120)).toEqual({ left: 25, width: 50 });
  });

  it("nothing is beyond its end", () => {
    expect(onTimeline({ at: 121, until: undefined }, 120)).toEqual({ left: 100, width: 0 });
    expect(onTimeline({ at: 90, until: 500 }, 120)).toEqual({ left: 75, width: 25 });
  });

  it.each([0, Number.NaN, Number.POSITIVE_INFINITY, -1])("of length %d nothing is drawn", (duration) => {
    expect(onTimeline({ at: 1, until: undefined }, duration)).toBeUndefined();
  });
});

describe("the current one", () => {
  const moments = [
    { at: 0, until: 30 },
    { at: 10, until: undefined },
    { at: 20, until: undefined },
  ];

  it.each([
    [0, 0],
    [5, 0],
    [9.9, 1],
    [12, 1],
    [15, 0],
    [21, 2],
    [25, 0],
    [31, -1],
  ])("at %d is number %d", (time, found) => {
    expect(currentAt(moments, time)).toBe(found);
  });

  it("is none where there is none", () => {
    expect(currentAt([], 3)).toBe(-1);
  });
});
