import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Drafts } from "../../src/grading-room/drafts";
import { type Fields, fieldsOf, fill, read, same } from "../../src/grading-room/fields";
import { type Asked, type Saved, Saver, type SaveState } from "../../src/grading-room/saver";
import { Refusal } from "../../src/http";

interface Request {
  fields: Fields;
  version: number;
  asked: Asked;
  answer: (saved?: Partial<Saved>) => Promise<void>;
  refuse: (refusal: Refusal) => Promise<void>;
}

const OFFLINE = new Refusal(0, "no_answer", "The server did not answer.", "");
let typed: Fields;
let requests: Request[];
let states: SaveState[];
let drafts: Drafts;
let wrong: Record<string, string[]>;

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  [typed, requests, states, wrong] = [{ points: "" }, [], [], {}];
  drafts = new Drafts("3", "attempt");
});
afterEach(() => void vi.useRealTimers());

function saver(version = 0): Saver {
  return new Saver(
    {
      read: () => ({ ...typed }),
      wrong: () => wrong,
      show: (state) => states.push(state),
      drafts,
      send: (fields, sentVersion, asked) =>
        new Promise((resolve, reject) => {
          const settled = () => vi.advanceTimersByTimeAsync(0);
          requests.push({
            fields,
            version: sentVersion,
            asked,
            answer: (saved = {}) => {
              resolve({ version: sentVersion + 1, ...saved });
              return settled().then(() => undefined);
            },
            refuse: (refusal) => {
              reject(refusal);
              return settled().then(() => undefined);
            },
          });
        }),
    },
    version,
  );
}

function type(into: Saver, points: string): void {
  typed = { points };
  into.typed();
}

const request = (at: number): Request => requests[at] as Request;
const now = (): SaveState["is"] | undefined => states.at(-1)?.is;
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);

it("saves a moment after the last key, once", async () => {
  const one = saver(4);
  type(one, "7");
  await wait(1000);
  type(one, "70");
  await wait(1100);
  expect(requests).toHaveLength(0);
  expect(drafts.find()?.fields).toEqual({ points: "70" });

  await wait(100);
  expect(requests.map(({ fields, version, asked }) => [fields.points, version, asked.finish])).toEqual([
    ["70", 4, false],
  ]);
  await request(0).answer();
  expect(now()).toBe("saved");
  expect(drafts.find()).toBeUndefined();
  expect(one.dirty).toBe(false);
});

it("lets what is typed meanwhile wait for the answer, and goes on from its version", async () => {
  const one = saver();
  type(one, "7");
  await wait(1200);
  type(one, "70");
  await wait(5000);
  expect(requests).toHaveLength(1);

  await request(0).answer();
  await wait(1200);
  expect(requests.map(({ fields, version }) => [fields.points, version])).toEqual([
    ["7", 0],
    ["70", 1],
  ]);
});

it("sends nothing for what was taken back before it was saved", async () => {
  const one = saver();
  type(one, "7");
  type(one, "");
  await wait(5000);

  expect(requests).toHaveLength(0);
  expect(drafts.find()).toBeUndefined();
});

it("sends again by itself what got no answer, as it was, and then what is newer", async () => {
  const one = saver();
  type(one, "7");
  await wait(1200);
  await request(0).refuse(OFFLINE);
  expect(now()).toBe("unreachable");
  expect(drafts.find()?.fields).toEqual({ points: "7" });
  type(one, "70");

  await wait(2000);
  expect([request(1).fields.points, request(1).version]).toEqual(["7", 0]);
  await request(1).answer();
  expect([request(2).fields.points, request(2).version]).toEqual(["70", 1]);
  await request(2).answer();
  expect(now()).toBe("saved");
});

it("waits longer each time, and not at all once the connection is back", async () => {
  const one = saver();
  type(one, "7");
  await wait(1200);
  for (const [at, ms] of [2000, 4000, 8000].entries()) {
    await request(at).refuse(OFFLINE);
    await wait(ms - 1);
    expect(requests).toHaveLength(at + 1);
    await wait(1);
    expect(requests).toHaveLength(at + 2);
  }
  await request(3).refuse(OFFLINE);
  one.again();
  await wait(0);
  expect(requests).toHaveLength(5);
});

it("waits as long as the server asks for", async () => {
  const one = saver();
  type(one, "7");
  await wait(1200);
  await request(0).refuse(new Refusal(429, "too_many", "", "", 20));
  await wait(19_999);
  expect(requests).toHaveLength(1);
  await wait(1);
  expect(requests).toHaveLength(2);
});

it("still owes that somebody was done when the connection comes back, but not once they go on typing", async () => {
  const one = saver();
  type(one, "7");
  void one.save({ finish: true, moving: false });
  await wait(0);
  await request(0).refuse(OFFLINE);
  await wait(2000);
  await request(1).answer();
  expect(request(2).asked.finish).toBe(true);
  await request(2).refuse(OFFLINE);
  type(one, "70");
  await wait(60_000);
  expect(requests.slice(3).every(({ asked }) => !asked.finish)).toBe(true);
});

it("is done with a mark that nobody changed", async () => {
  const one = saver(2);
  void one.save({ finish: true, moving: false });
  await wait(0);

  expect(request(0).asked.finish).toBe(true);
});

it("stops at another's mark until one has chosen, and keeps what is typed", async () => {
  const one = saver();
  type(one, "7");
  await wait(1200);
  await request(0).refuse(
    new Refusal(409, "changed", "", "", 0, { theirs: { version: 3 }, html: "<p>both</p>" }),
  );
  expect(states.at(-1)).toEqual({ is: "changed", theirs: { version: 3 }, html: "<p>both</p>" });
  type(one, "70");
  await wait(60_000);
  expect(requests).toHaveLength(1);
  expect(drafts.find()?.fields).toEqual({ points: "70" });

  one.goOnFrom(3);
  const saved = one.save();
  await wait(0);
  expect(request(1).version).toBe(3);
  await request(1).answer();
  expect(await saved).toBe(true);
});

it("compares what is typed by now with theirs, not what was sent before the line broke", async () => {
  const one = saver();
  type(one, "7");
  await wait(1200);
  await request(0).refuse(OFFLINE);
  type(one, "70");
  await wait(2000);
  await request(1).refuse(new Refusal(409, "changed", "", ""));

  expect([request(2).fields.points, request(2).version]).toEqual(["70", 0]);
});

it("asks nobody again after the session has ended, and keeps what is typed", async () => {
  const one = saver();
  type(one, "7");
  await wait(1200);
  await request(0).refuse(new Refusal(404, "session_ended", "", ""));
  type(one, "70");
  await wait(60_000);

  expect(requests).toHaveLength(1);
  expect(now()).toBe("stopped");
  expect(drafts.find()?.fields).toEqual({ points: "70" });
});

it("says by field what is wrong, keeps the rest, and saves once it is put right", async () => {
  const one = saver();
  type(one, "1000");
  await wait(1200);
  await request(0).refuse(new Refusal(422, "invalid", "", "", 0, { fields: { points: ["Too many."] } }));
  expect(states.at(-1)).toEqual({ is: "invalid", fields: { points: ["Too many."] } });
  expect(drafts.find()?.fields).toEqual({ points: "1000" });

  type(one, "100");
  await wait(1200);
  expect(request(1).fields.points).toBe("100");
});

it("does not send what is no number: the server would take it for none", async () => {
  const one = saver();
  wrong = { points: ["This is not a number."] };
  typed = { points: "", feedback: "Hm." };
  one.typed();
  await wait(1200);

  expect(requests).toHaveLength(0);
  expect(now()).toBe("invalid");
});

it("sends the last word of a page that goes away, also while another request is on its way", async () => {
  const one = saver(1);
  type(one, "7");
  one.leave();
  expect([request(0).fields.points, request(0).version]).toEqual(["7", 1]);
  one.leave();
  expect(requests).toHaveLength(1);
  type(one, "70");
  one.leave();
  expect([request(1).fields.points, request(1).version]).toEqual(["70", 2]);
});

it("sends nothing as the page goes away that was given up for another's mark", () => {
  const one = saver(1);
  type(one, "7");
  one.goOnFrom(2);
  one.drop();
  one.leave();

  expect(requests).toHaveLength(0);
  expect(drafts.find()).toBeUndefined();
});

it("says whether the server has it all", async () => {
  const one = saver();
  expect(await one.save()).toBe(true);
  type(one, "7");
  const saved = one.save();
  await wait(0);
  await request(0).refuse(OFFLINE);
  expect(await saved).toBe(false);
});

// --- drafts and fields ----------------------------------------------------------------------------------------------
it("keeps the drafts of people and attempts apart, and forgets those of last month", () => {
  drafts.keep({ fields: { points: "1" }, version: 1 });
  expect(new Drafts("4", "attempt").find()).toBeUndefined();
  expect(new Drafts("3", "other").find()).toBeUndefined();
  drafts.clear(Date.now() + 29 * 24 * 3600 * 1000);
  expect(drafts.find()?.fields).toEqual({ points: "1" });
  drafts.clear(Date.now() + 31 * 24 * 3600 * 1000);
  expect(drafts.find()).toBeUndefined();
});

it("does without a store, with a broken draft, and where it is full", () => {
  const none = new Drafts("3", "attempt", undefined);
  expect(none.find()).toBeUndefined();
  localStorage.setItem("reelmark-mark:3:attempt", "{");
  expect(drafts.find()).toBeUndefined();
  const full = {
    setItem: () => {
      throw new DOMException("full", "QuotaExceededError");
    },
  } as unknown as Storage;
  expect(new Drafts("3", "attempt", full).keep({ fields: {}, version: 0 })).toBe(false);
});

it("reads and fills the form of a mark", () => {
  document.body.innerHTML = `<form><input type="hidden" name="version" value="3">
    <input name="points" value="7"><input type="radio" name="level-a" value="x"><input type="radio" name="level-a" value="y">
    <input type="checkbox" name="overridden" value="1" checked><details><textarea name="private_note"></textarea></details></form>`;
  const form = document.querySelector("form") as HTMLFormElement;
  fill(form, { points: "70", "level-a": "y", private_note: "Hm." });

  expect(read(form)).toEqual({ points: "70", "level-a": "y", private_note: "Hm." });
  expect(form.querySelector("details")?.open).toBe(true);
  expect(form.querySelector<HTMLInputElement>("[name=version]")?.value).toBe("3");
});

it("knows the same mark in other clothes", () => {
  expect(
    same({ points: "7.50", feedback: "Well\ntold." }, { points: "7.5", feedback: "<p>Well told.</p>" }),
  ).toBe(true);
  expect(same({ points: "7" }, { points: "7", feedback: "" })).toBe(true);
  expect(same({ points: "7" }, { points: "8" })).toBe(false);
  expect(same({ points: "0" }, { points: "" })).toBe(false);
  expect(same({ feedback: "a" }, { feedback: "<p>a</p>" }, { exactly: true })).toBe(false);
});

it("puts an answered mark into fields", () => {
  const scores = { a: { level: "x", points: "4" }, b: { points: "2.5", note: "Wind." } };
  expect(fieldsOf({ points: "70", overridden: true, feedback: "<p>Hm.</p>", scores })).toEqual({
    points: "70",
    verdict: "pass",
    overridden: "1",
    feedback: "<p>Hm.</p>",
    private_note: "",
    "level-a": "x",
    "points-b": "2.5",
    "note-b": "Wind.",
  });
});
