import { hundredths, short, sum } from "../points";

/** A rubric as it is typed: texts, also where they are wrong. Without levels a criterion is a range up to `points`. */
export interface Criterion {
  id: string;
  title: string;
  description: string;
  points: string;
  levels: Level[];
}

export interface Level {
  id: string;
  title: string;
  points: string;
  description: string;
}

/** What the server refuses too, by the field that it stands at; `levels` of all of them, `level` of one each. */
export interface Wrong {
  title: string;
  points: string;
  levels: string;
  level: string[];
}

export const MOST_CRITERIA = 30;
export const MOST_LEVELS = 12;
const MOST_POINTS = 999_900; // hundredths
const FIRST_LEVELS = [
  ["Excellent", "4"],
  ["Good", "3"],
  ["Fair", "2"],
  ["Poor", "1"],
  ["Missing", "0"],
];

/** What a page or an answer holds, as far as it can be made out: also what the server has refused. */
export function parseRubric(text: string): Criterion[] {
  try {
    return criteriaOf(JSON.parse(text || "{}"));
  } catch {
    return [];
  }
}

export function criteriaOf(json: unknown): Criterion[] {
  return objects(json, "criteria").map((one) => ({
    ...texts(one, "id", "title", "description", "points"),
    levels: objects(one, "levels").map((level) => texts(level, "id", "title", "points", "description")),
  }));
}

/** For the form's field. A criterion with levels is worth its best one. */
export function asJson(criteria: readonly Criterion[]): string {
  if (!criteria.length) return "{}";
  return JSON.stringify({
    criteria: criteria.map((one) => ({ ...one, points: pointsInJson(one) })),
  });
}

/** Hundredths; undefined where something is no number yet. */
export function mostOf(criterion: Criterion): number | undefined {
  if (!criterion.levels.length) return hundredths(criterion.points);
  const points = criterion.levels.map((level) => hundredths(level.points));
  return points.includes(undefined) ? undefined : Math.max(...(points as number[]));
}

/** Such as `20 rubric points, scaled to 100`; `maximum` as typed in the form. */
export function sumInWords(criteria: readonly Criterion[], maximum: string): string {
  if (!criteria.length) return "";
  const most = sum(criteria.map(mostOf));
  const scaled = hundredths(maximum);
  const words = `${short(most)} rubric point${most === 100 ? "" : "s"}`;
  return scaled === undefined || scaled === most ? words : `${words}, scaled to ${short(scaled)}`;
}

/**
 * An id that no criterion or level has had: scores that were given go by it, so one that was removed must not come to
 * stand for something else.
 */
export function newId(): string {
  const letters = crypto.getRandomValues(new Uint8Array(10));
  return `r${[...letters].map((letter) => (letter % 36).toString(36)).join("")}`;
}

/** A new criterion has the steps of the one before: most rubrics use one scale throughout. */
export function freshCriterion(before?: Criterion): Criterion {
  const steps = before ? before.levels.map(({ title, points }) => [title, points]) : FIRST_LEVELS;
  const levels = steps.map(([title = "", points = ""]) => freshLevel(title, points));
  return { id: newId(), title: "", description: "", points: before?.points ?? "", levels };
}

export function freshLevel(title = "", points = ""): Level {
  return { id: newId(), title, points, description: "" };
}

/**
 * A rubric from elsewhere in the place of this one: what is called the same here keeps its id, so that scores stay with
 * it when a table is taken out, changed and taken in again. All else gets a new one.
 */
export function adopt(theirs: readonly Criterion[], ours: readonly Criterion[]): Criterion[] {
  const known = new Map(ours.map((one) => [one.title.trim(), one]));
  return theirs.map((one) => {
    const same = known.get(one.title.trim());
    known.delete(one.title.trim());
    const steps = new Map(same?.levels.map((level) => [level.title.trim(), level.id]));
    const levels = one.levels.map((level) => {
      const id = steps.get(level.title.trim()) ?? newId();
      steps.delete(level.title.trim());
      return { ...level, id };
    });
    return { ...one, id: same?.id ?? newId(), levels };
  });
}

export function wrongWith(criterion: Criterion): Wrong {
  const { levels } = criterion;
  return {
    title: criterion.title.trim() ? "" : "Name the criterion.",
    points: levels.length || fits(criterion.points) ? "" : "A number from 0 to 9999, such as 5 or 2.5.",
    levels: levels.length === 1 ? "Add a second level, or choose a score up to a maximum." : "",
    level: levels.map((level) => (fits(level.points) ? "" : "What is it worth? A number from 0 to 9999.")),
  };
}

function fits(points: string): boolean {
  const found = hundredths(points);
  return found !== undefined && found <= MOST_POINTS;
}

function pointsInJson(criterion: Criterion): string {
  if (!criterion.levels.length) return criterion.points;
  const most = mostOf(criterion);
  return most === undefined ? "" : short(most);
}

function objects(json: unknown, name: string): Record<string, unknown>[] {
  const listed = (json as Record<string, unknown> | null)?.[name];
  return Array.isArray(listed) ? listed.filter((one) => one !== null && typeof one === "object") : [];
}

function texts<Name extends string>(json: Record<string, unknown>, ...names: Name[]): Record<Name, string> {
  return Object.fromEntries(names.map((name) => [name, String(json[name] ?? "")])) as Record<Name, string>;
}
