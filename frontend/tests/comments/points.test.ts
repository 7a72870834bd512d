import { beforeEach, expect, it, vi } from "vitest";
import { givePoints } from "../../src/comments/points";

const criteria = [
  { id: "c1", title: "Clarity  of Speech", points: "5" },
  { id: "c2", title: "Content", points: "10" },
];
const entry = { id: "b", key: 1, text: "Slower.", criterion: " clarity of speech", points: "3" };
const typed = vi.fn();
const field = (name: string) => document.querySelector(`[name=${name}]`) as HTMLInputElement;
const chosen = () => document.querySelector<HTMLInputElement>("[name=level-c1]:checked")?.value;

beforeEach(() => {
  typed.mockClear();
  document.body.innerHTML = `<form data-mark>
    <input type="radio" name="level-c1" value="l1" data-points="1" checked><input type="radio" name="level-c1" value="l2" data-points="3.00">
    <input name="points-c1" type="number"><input name="points-c2" type="number" value="4"></form>`;
  document.body.addEventListener("input", typed);
});

it("chooses the level of those points, and can be undone", () => {
  const given = givePoints(entry, criteria);
  expect(chosen()).toBe("l2");
  expect(given.words).toBe("3 points on “Clarity  of Speech”.");
  expect(typed).toHaveBeenCalledOnce();
  given.undo();
  expect(chosen()).toBe("l1");
});

it("types points between levels", () => {
  givePoints({ ...entry, points: "2.5" }, criteria);
  expect([chosen(), field("points-c1").value]).toEqual([undefined, "2.5"]);
});

it("types points on a range", () => {
  const given = givePoints({ ...entry, criterion: "CONTENT", points: "8" }, criteria);
  expect(field("points-c2").value).toBe("8");
  given.undo();
  expect(field("points-c2").value).toBe("4");
});

it.each([
  ["another rubric's criterion", { criterion: "Posture" }, ""],
  ["no criterion", { criterion: "" }, ""],
  ["no points", { points: null }, ""],
  [
    "more than it takes",
    { points: "6" },
    "“Clarity  of Speech” takes at most 5 points here: they were left as they are.",
  ],
])("leaves the form alone: %s", (_, change, words) => {
  expect(givePoints({ ...entry, ...change }, criteria).words).toBe(words);
  expect([chosen(), field("points-c1").value, typed.mock.calls.length]).toEqual(["l1", "", 0]);
});
