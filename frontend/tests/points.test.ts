import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { fromRubric, hundredths, short, sum } from "../src/points";

interface Total {
  scores: string[];
  most: string[];
  maximum: string;
  points: string | null;
}

// What the server counts from the same: tests/video/grading/test_marks.py.
const totals = JSON.parse(readFileSync("tests/video/grading/rubric_totals.json", "utf8")) as Total[];

it.each(totals)("counts $scores of $most, scaled to $maximum, as the server does", (total) => {
  const most = sum(total.most.map(hundredths));
  const found = fromRubric(total.scores.map(hundredths), most, hundredths(total.maximum) ?? 0);

  expect(found === undefined ? null : short(found)).toBe(total.points);
});

it.each([
  ["5", 500],
  [" 2,5 ", 250],
  ["0", 0],
  ["-0", 0],
  ["0.07", 7],
  ["1.10", 110],
  ["9999", 999_900],
  ["1e1", 1000],
])("reads %j as points", (typed, points) => {
  expect(Math.abs(hundredths(typed) ?? Number.NaN)).toBe(points);
});

it.each(["", " ", "ten", "-1", "1.005", "NaN", "Infinity", "1 0", "1.2.3"])(
  "takes %j for no points",
  (typed) => {
    expect(hundredths(typed)).toBeUndefined();
  },
);

it("has no points before the first criterion is scored", () => {
  expect(fromRubric([], 0, 100)).toBeUndefined();
});
