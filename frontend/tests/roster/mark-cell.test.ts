import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Mark, MarkCell } from "../../src/roster/mark-cell";

const cell = (name: string, value: string, version: number) => `<tr>
  <td><span data-status></span><span class="status-label late" data-late></span></td>
  <td><div data-points="/${name}" data-attempt="${name}" data-version="${version}" data-name="${name}">
    <div data-plain>${value}</div>
    <div data-field hidden><input name="points" value="${value}"></div>
    <span data-over hidden></span><div data-state></div></div></td>
  <td data-delivery></td><td><a class="button small primary" data-open><span>Mark</span></a></td></tr>`;

const mark = (points: string, version: number, more: Partial<Mark> = {}): Mark => ({
  version,
  points,
  in_words: `${points} of 100`,
  overridden: false,
  rubric_points: null,
  grader: "Tom",
  status: { code: "returned", label: "Returned", explanation: "" },
  delivery: { code: "waiting", label: "On its way", explanation: "It is sent in a moment." },
  ...more,
});

let answers: (() => Promise<Response>)[] = [];
let sent: { url: string; body: Record<string, unknown> }[] = [];
let cells: MarkCell[] = [];
const say = vi.fn();
const saved = vi.fn();
const answer = (body: unknown, status = 200) =>
  answers.push(async () => new Response(JSON.stringify(body), { status }));
const offline = () => answers.push(() => Promise.reject(new TypeError("offline")));
const field = (name: string) =>
  document.querySelector<HTMLInputElement>(`[data-attempt=${name}] input`) as HTMLInputElement;
const line = (name: string) =>
  document.querySelector(`[data-attempt=${name}] [data-state]`)?.textContent ?? "";
const settle = async () => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  await vi.advanceTimersByTimeAsync(0);
};

function type(name: string, value: string): void {
  field(name).focus();
  field(name).value = value;
  field(name).dispatchEvent(new Event("input", { bubbles: true }));
}

function press(name: string, key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  field(name).dispatchEvent(event);
  return event;
}

function start(): void {
  document.body.innerHTML = `<table>${cell("ana", "", 0)}${cell("ben", "70", 3)}</table>`;
  cells = [...document.querySelectorAll<HTMLElement>("[data-points]")].map(
    (root) => new MarkCell(root, { say, saved }),
  );
}

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  answers = [];
  sent = [];
  say.mockClear();
  saved.mockClear();
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    sent.push({ url, body: JSON.parse(String(init.body)) });
    return (answers.shift() ?? (() => Promise.reject(new Error("not expected"))))();
  });
  start();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it("is a field instead of the plain mark", () => {
  expect(field("ana").parentElement?.hidden).toBe(false);
  expect(document.querySelector<HTMLElement>("[data-plain]")?.hidden).toBe(true);
});

it("saves on Enter with the version that was shown, goes down, and says so", async () => {
  answer(mark("80", 1));
  type("ana", " 80 ");
  expect(press("ana", "Enter").defaultPrevented).toBe(true);
  expect(document.activeElement).toBe(field("ben"));
  expect(line("ana")).toBe("Saving…");
  await settle();

  expect(sent).toEqual([{ url: "/ana", body: { points: "80", version: 0 } }]);
  expect(line("ana")).toBe("Saved");
  expect(say).toHaveBeenLastCalledWith("ana: 80 of 100, saved. Returned.");
  expect(saved).toHaveBeenCalledOnce();
  expect(cells[0]?.unsaved).toBe(false);
  expect(document.querySelector("[data-status]")?.textContent).toBe("Returned");
  const told = document.querySelector("[data-delivery] details");
  expect(told?.querySelector("summary .status-label")?.textContent).toBe("On its way");
  expect(told?.querySelector("p")?.textContent).toBe("It is sent in a moment.");
  expect(document.querySelector("[data-open]")?.textContent).toBe("Open");
  answer(mark("90", 2));
  type("ana", "90");
  press("ana", "Enter");
  await settle();
  expect(sent[1]?.body).toEqual({ points: "90", version: 1 });
});

it("goes up with Shift, and by arrows", () => {
  field("ben").focus();
  press("ben", "Enter", { shiftKey: true });
  expect(document.activeElement).toBe(field("ana"));
  press("ana", "ArrowDown");
  expect(document.activeElement).toBe(field("ben"));
});

it("saves when it is left, and nothing where nothing was typed", async () => {
  answer(mark("5", 1));
  field("ben").focus();
  field("ben").blur();
  type("ana", "5");
  field("ana").blur();
  await settle();

  expect(sent.map((one) => one.url)).toEqual(["/ana"]);
});

it("is as it was after Escape", async () => {
  type("ben", "7");
  press("ben", "Escape");
  field("ben").blur();
  await settle();

  expect(field("ben").value).toBe("70");
  expect(sent).toEqual([]);
  expect(localStorage.length).toBe(0);
});

it("says what is wrong and keeps it", async () => {
  answer({ error: { code: "invalid", message: "The mark takes points from 0 to 100.", action: "" } }, 422);
  type("ben", "1000");
  press("ben", "Enter");
  await settle();

  expect(line("ben")).toBe("The mark takes points from 0 to 100.");
  expect(field("ben").getAttribute("aria-invalid")).toBe("true");
  expect(field("ben").value).toBe("1000");
  expect(cells[1]?.unsaved).toBe(true);
});

it("keeps what could not be sent, says so, and sends it when the connection is back", async () => {
  offline();
  type("ben", "75");
  press("ben", "Enter");
  await settle();
  expect(line("ben")).toContain("no connection");
  expect(field("ben").value).toBe("75");

  offline();
  await vi.advanceTimersByTimeAsync(5000); // by itself
  expect(sent.length).toBe(2);
  answer(mark("75", 4));
  cells[1]?.online();
  await settle();

  expect(sent.length).toBe(3);
  expect(line("ben")).toBe("Saved");
  await vi.advanceTimersByTimeAsync(120_000);
  expect(sent.length).toBe(3);
});

it("brings back after a reload what was never saved, with the version it was typed over", async () => {
  offline();
  type("ben", "75");
  press("ben", "Enter");
  await settle();
  start();

  expect(field("ben").value).toBe("75");
  expect(line("ben")).toContain("not saved");
  answer(mark("75", 4));
  press("ben", "Enter");
  await settle();
  expect(sent.at(-1)?.body).toEqual({ points: "75", version: 3 });
  expect(localStorage.length).toBe(0);
});

it("says that the session has ended, and that what was typed is kept", async () => {
  answer({}, 404);
  type("ben", "75");
  press("ben", "Enter");
  await settle();

  expect(line("ben")).toContain("your session has ended");
  expect(localStorage.length).toBe(1);
});

it("works where the browser forbids storage", async () => {
  const broken = { getItem: forbidden, setItem: forbidden, removeItem: forbidden };
  vi.stubGlobal("localStorage", broken);
  start();
  answer(mark("75", 4));
  type("ben", "75");
  press("ben", "Enter");
  await settle();

  expect(line("ben")).toBe("Saved");
});

function forbidden(): never {
  throw new DOMException("no", "SecurityError");
}

const conflict = () =>
  answer({ error: { code: "changed", message: "", action: "" }, theirs: mark("60", 7) }, 409);
const choose = (text: string) =>
  [...document.querySelectorAll<HTMLButtonElement>("[data-state] button")]
    .find((button) => button.textContent?.startsWith(text))
    ?.click();

it("shows both marks where somebody else was faster, and keeps theirs", async () => {
  conflict();
  type("ben", "75");
  press("ben", "Enter");
  await settle();
  expect(line("ben")).toContain("Tom has saved “60 of 100” since.");
  expect(field("ben").value).toBe("75");
  field("ben").blur();
  await settle();
  expect(sent.length).toBe(1); // nothing is sent before somebody has chosen

  choose("Keep theirs");
  expect(field("ben").value).toBe("60");
  expect(cells[1]?.unsaved).toBe(false);
});

it("shows both marks where somebody else was faster, and saves mine over theirs", async () => {
  conflict();
  type("ben", "75");
  press("ben", "Enter");
  await settle();
  answer(mark("75", 8));
  choose("Save mine (75)");
  await settle();

  expect(sent.at(-1)?.body).toEqual({ points: "75", version: 7 });
  expect(line("ben")).toBe("Saved");
});

it("saves once more what was typed while it was saving", async () => {
  let release: (response: Response) => void = () => undefined;
  answers.push(() => new Promise((resolve) => (release = resolve)));
  type("ana", "1");
  press("ana", "Enter");
  field("ana").value = "12";
  field("ana").dispatchEvent(new Event("input", { bubbles: true }));
  answer(mark("12", 2));
  release(new Response(JSON.stringify(mark("1", 1))));
  await settle();

  expect(sent.map((one) => one.body)).toEqual([
    { points: "1", version: 0 },
    { points: "12", version: 1 },
  ]);
  expect(field("ana").value).toBe("12");
});
