import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Asking } from "../../src/roster/asking";
import { startChoosing } from "../../src/roster/choosing";
import { Numbers } from "../../src/roster/numbers";

const page = `<div data-roster data-now="/now" data-releasing="3">
  <p data-releasing-line><span><strong data-to-go>3</strong> to go</span></p>
  <div data-progress><progress max="8" value="2"></progress><b data-marked>2</b><b data-handed-in>8</b></div>
  <a data-counter="marked"><strong>2</strong></a><a data-counter="to_mark"><strong>6</strong></a>
  <form id="bulk" data-bulk action="/chosen?show=late"><input type="hidden" name="t" value="1"></form>
  <p data-choose-page hidden><input type="checkbox" data-all></p>
  <table><tr><td><input type="checkbox" name="row" value="a" form="bulk" data-choose></td></tr>
  <tr><td><input type="checkbox" name="row" value="b" form="bulk" data-choose></td></tr></table>
  <section data-bar><span data-chosen></span><button data-choose-none hidden></button>
  <input type="checkbox" name="everybody" value="1" form="bulk" data-everybody="120">
  <button form="bulk" name="action" value="release" id="release"></button></section>
  <dialog data-ask></dialog></div>`;

let root: HTMLElement;
let answer: () => Promise<Response>;
let asked: { url: string; body: string }[] = [];
const find = <T extends HTMLElement = HTMLInputElement>(where: string) => root.querySelector<T>(where) as T;

beforeEach(() => {
  vi.useFakeTimers();
  document.body.innerHTML = page;
  root = document.querySelector("[data-roster]") as HTMLElement;
  asked = [];
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    asked.push({ url, body: String(init.body ?? "") });
    return answer();
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const now = (releasing: number) => async () =>
  new Response(JSON.stringify({ counters: { marked: 8 }, marked: 8, handed_in: 8, releasing }));

it("counts down what is being released, through a lost connection, and says once that it is done", async () => {
  const say = vi.fn();
  const released = vi.fn();
  new Numbers(root, say, released);
  answer = now(1);
  await vi.advanceTimersByTimeAsync(2000);
  expect(find("[data-to-go]").textContent).toBe("1");
  answer = () => Promise.reject(new TypeError("offline"));
  await vi.advanceTimersByTimeAsync(2000);
  expect(released).not.toHaveBeenCalled();
  answer = now(0);
  await vi.advanceTimersByTimeAsync(20_000);

  expect(released).toHaveBeenCalledOnce();
  expect(say).toHaveBeenCalledWith("All marks that you asked for are released.");
  expect(find("[data-counter=marked] strong").textContent).toBe("8");
  expect(find("[data-counter=to_mark]").classList.contains("zero")).toBe(true);
  expect(find<HTMLProgressElement>("progress").value).toBe(8);
  expect(asked.length).toBe(3);
});

it("counts once for a column of marks", async () => {
  root.dataset.releasing = "0";
  const numbers = new Numbers(root, vi.fn(), vi.fn());
  answer = now(0);
  for (let mark = 0; mark < 5; mark++) numbers.changed();
  await vi.advanceTimersByTimeAsync(10_000);

  expect(asked.length).toBe(1);
});

it("shows the bar with how many are chosen", () => {
  startChoosing(root);
  const bar = find<HTMLElement>("[data-bar]");
  expect(bar.hidden).toBe(true);
  find("[data-choose]").click();
  expect(bar.hidden).toBe(false);
  expect(find("[data-chosen]").textContent).toBe("1 chosen");
  expect(find("[data-all]").indeterminate).toBe(true);
  find("[data-all]").click();
  expect(find("[data-chosen]").textContent).toBe("2 chosen");
  find("[data-everybody]").click();
  expect(find("[data-chosen]").textContent).toBe("120 chosen");
  find("[data-choose]").click(); // without this one, it is not everybody any more
  expect(find("[data-everybody]").checked).toBe(false);
  expect(find("[data-chosen]").textContent).toBe("1 chosen");
  find("[data-choose-none]").click();
  expect(bar.hidden).toBe(true);
});

it("asks the server's question in a dialog, whose form goes to the same address", async () => {
  new Asking(root, find<HTMLDialogElement>("dialog"));
  answer = async () =>
    new Response("<main><section data-asked><h1 id='asked'>Sure?</h1><form></form></section></main>");
  find("[data-choose]").checked = true;
  const form = find<HTMLFormElement>("form");
  form.dispatchEvent(
    new SubmitEvent("submit", { bubbles: true, cancelable: true, submitter: find<HTMLElement>("#release") }),
  );
  await vi.advanceTimersByTimeAsync(0);

  expect(asked[0]?.url).toBe("/chosen?show=late");
  expect(asked[0]?.body).toContain("action=release");
  expect(find<HTMLDialogElement>("dialog").open).toBe(true);
  expect(find("dialog form").getAttribute("action")).toBe("/chosen?show=late");
});

it.each([
  [() => Promise.reject(new TypeError("offline")), "did not answer"],
  [async () => new Response("gone", { status: 404 }), "session in this tab has ended"],
  [async () => new Response("broken", { status: 500 }), "went wrong on the server"],
])("says why there is no question", async (answers, words) => {
  new Asking(root, find<HTMLDialogElement>("dialog"));
  answer = answers;
  find<HTMLFormElement>("form").dispatchEvent(
    new SubmitEvent("submit", { bubbles: true, cancelable: true, submitter: find<HTMLElement>("#release") }),
  );
  await vi.advanceTimersByTimeAsync(0);

  expect(find("dialog").textContent).toContain(words);
});
