import { expect, it } from "vitest";
import {
  adopt,
  asJson,
  type Criterion,
  freshCriterion,
  mostOf,
  parseRubric,
  sumInWords,
  wrongWith,
} from "../../src/rubrics/rubric-model";

const content: Criterion = {
  id: "content",
  title: "Content",
  description: "What is said",
  points: "",
  levels: [
    { id: "low", title: "Weak", points: "2", description: "" },
    { id: "high", title: "Strong", points: "10", description: "All of it" },
  ],
};
const voice: Criterion = { id: "voice", title: "Voice", description: "", points: "7,5", levels: [] };

it("comes back as it was written, also with what is wrong", () => {
  const wrong = { ...voice, id: "x", title: "", points: "many" };
  const again = parseRubric(asJson([content, voice, wrong]));

  expect(again).toEqual([{ ...content, points: "10" }, voice, wrong]);
  expect(asJson([])).toBe("{}");
});

it.each(["", "{", "[1]", "null", '{"criteria": 5}', '{"criteria": [null, 5]}'])(
  "makes nothing of %j",
  (text) => {
    expect(parseRubric(text)).toEqual([]);
  },
);

it("makes texts of whatever there is", () => {
  const [one] = parseRubric('{"criteria": [{"title": 5, "levels": [{"points": 0}]}]}');

  expect(one?.title).toBe("5");
  expect(one?.levels[0]?.points).toBe("0");
});

it("is worth the best level of each criterion, and a range as much as it says", () => {
  expect([mostOf(content), mostOf(voice)]).toEqual([1000, 750]);
  expect(sumInWords([content, voice], "100")).toBe("17.5 rubric points, scaled to 100");
  expect(sumInWords([content, voice], "17.5")).toBe("17.5 rubric points");
  expect(sumInWords([content], "many")).toBe("10 rubric points");
  expect(sumInWords([{ ...voice, points: "1" }], "1")).toBe("1 rubric point");
  expect(sumInWords([], "100")).toBe("");
});

it("says what is wrong where it is", () => {
  expect(wrongWith(content)).toEqual({ title: "", points: "", levels: "", level: ["", ""] });
  expect(wrongWith({ ...voice, title: " " }).title).not.toBe("");
  for (const points of ["", "many", "-1", "10000", "1.234"]) {
    expect(wrongWith({ ...voice, points }).points).not.toBe("");
  }
  const [low] = content.levels;
  const halfway = wrongWith({ ...content, levels: low ? [{ ...low, points: "" }] : [] });
  expect(halfway.levels).toContain("second level");
  expect(halfway.level).toEqual([expect.stringContaining("worth")]);
});

it("begins a criterion with the steps of the one before, under ids of their own", () => {
  const fresh = freshCriterion(content);

  expect(fresh.levels.map((level) => [level.title, level.points, level.description])).toEqual([
    ["Weak", "2", ""],
    ["Strong", "10", ""],
  ]);
  const ids = [content, fresh, freshCriterion()].flatMap((one) => [
    one.id,
    ...one.levels.map((level) => level.id),
  ]);
  expect(new Set(ids).size).toBe(ids.length);
  expect(fresh.id).toMatch(/^[a-z0-9]{1,40}$/);
  expect(freshCriterion(voice).levels).toEqual([]);
});

it("keeps the ids of what is called the same when a rubric comes from elsewhere", () => {
  const theirs = [
    { ...voice, id: "c1" },
    {
      ...content,
      id: "c2",
      levels: [
        { id: "l1", title: "Strong", points: "8", description: "" },
        { id: "l2", title: "Middling", points: "4", description: "" },
        { id: "l3", title: "Strong", points: "1", description: "" },
      ],
    },
    { ...voice, id: "c3", title: "New" },
  ];
  const taken = adopt(theirs, [content, voice]);

  expect(taken.map((one) => one.id).slice(0, 2)).toEqual(["voice", "content"]);
  expect(taken[1]?.levels.map((level) => level.id === "high")).toEqual([true, false, false]);
  const ids = taken.flatMap((one) => [one.id, ...one.levels.map((level) => level.id)]);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.some((id) => ["c1", "c2", "c3", "l1", "l2", "l3"].includes(id))).toBe(false);
});
