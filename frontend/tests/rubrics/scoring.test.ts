import { beforeEach, expect, it } from "vitest";
import "../../src/grading-room/keys";
import { showScores, startRubric } from "../../src/rubrics/scoring";

const PAGE = `<form data-mark>
  <div data-rubric data-maximum="100">
    <fieldset data-criterion data-most="10"><legend><span data-criterion-score></span></legend>
      <input type="radio" name="level-a" value="low" data-points="2"><input type="radio" name="level-a" value="high" data-points="10">
      <input type="number" name="points-a"><button type="button" data-clear hidden></button>
      <details><textarea name="note-a"></textarea></details></fieldset>
    <fieldset data-criterion data-most="10"><legend><span data-criterion-score></span></legend>
      <input type="number" name="points-b"><button type="button" data-clear hidden></button>
      <details><textarea name="note-b"></textarea></details></fieldset>
  </div>
  <div data-rubric-points><input name="points" type="number">
    <label data-override><input type="checkbox" name="overridden" value="1"></label>
    <span data-overridden hidden></span><span data-source></span>
    <button type="button" data-use-rubric hidden><span data-use-rubric-words></span></button></div>
</form>`;

let heard = 0;

function form(): HTMLFormElement {
  return document.querySelector("form") as HTMLFormElement;
}
function field(name: string, value?: string): HTMLInputElement {
  const found = value === undefined ? `[name="${name}"]` : `[name="${name}"][value="${value}"]`;
  return document.querySelector(found) as HTMLInputElement;
}
function type(name: string, value: string): void {
  field(name).value = value;
  field(name).dispatchEvent(new Event("input", { bubbles: true }));
}
function choose(name: string, value: string): void {
  field(name, value).checked = true;
  field(name, value).dispatchEvent(new Event("input", { bubbles: true }));
}
function leave(name: string): void {
  field(name).dispatchEvent(new Event("change", { bubbles: true }));
  field(name).dispatchEvent(new Event("focusout", { bubbles: true }));
}
function words(selector: string): string {
  return document.querySelector(selector)?.textContent ?? "";
}
function sent(): Record<string, string> {
  const all = Object.fromEntries(new FormData(form()) as unknown as Iterable<[string, string]>);
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

beforeEach(() => {
  document.body.innerHTML = PAGE;
  startRubric();
  heard = 0;
  form().addEventListener("input", () => {
    heard += 1;
  });
});

it("counts what is chosen, and says how far it is", () => {
  choose("level-a", "high");
  expect(field("points").value).toBe("");
  expect(words("[data-source]")).toContain("1 of 2 criteria");
  type("points-b", "5");

  expect(field("points").value).toBe("75");
  expect(words("[data-source]")).toContain("15 of 20");
  expect(sent()).toEqual({ "level-a": "high", "points-b": "5", points: "75" });
  expect([...document.querySelectorAll("[data-criterion-score]")].map((one) => one.textContent)).toEqual([
    "10 of 10",
    "5 of 10",
  ]);
});

it("has the points ready when the form hears of a change", () => {
  let then = "";
  type("points-b", "5");
  form().addEventListener("input", () => {
    then = field("points").value;
  });
  choose("level-a", "high");

  expect(then).toBe("75");
});

it("takes typed points in the place of a level, and a level that is worth the same in theirs", () => {
  choose("level-a", "high");
  type("points-a", "6");
  expect(sent()).toEqual({ "points-a": "6" });
  type("points-a", "2");
  leave("points-a");
  expect(sent()).toEqual({ "level-a": "low" });
  choose("level-a", "high");
  expect(sent()).toEqual({ "level-a": "high" });
});

it("shows points that were typed over the rubric's, until these are wanted again", () => {
  choose("level-a", "high");
  type("points-b", "5");
  type("points", "80");
  expect(sent()).toMatchObject({ points: "80", overridden: "1" });
  expect(words("[data-source]")).toBe("The rubric says 75.");
  expect(document.querySelector<HTMLElement>("[data-overridden]")?.hidden).toBe(false);
  type("points-b", "10");
  expect(sent()).toMatchObject({ points: "80", overridden: "1" });
  expect(words("[data-source]")).toBe("The rubric says 100.");

  heard = 0;
  document.querySelector<HTMLElement>("[data-use-rubric]")?.click();
  expect(sent()).toEqual({ "level-a": "high", "points-b": "10", points: "100" });
  expect(document.querySelector<HTMLElement>("[data-use-rubric]")?.hidden).toBe(true);
  expect(heard).toBe(1);
});

it("overrides nothing by the rubric's own points, nor by none", () => {
  choose("level-a", "high");
  type("points-b", "5");
  type("points", "75.0");
  expect(sent().overridden).toBeUndefined();
  type("points", "8");
  type("points", "");
  leave("points");

  expect(sent()).toMatchObject({ points: "75" });
  expect(sent().overridden).toBeUndefined();
});

it("keeps points that were typed before the rubric is complete", () => {
  type("points", "40");
  choose("level-a", "high");

  expect(sent()).toMatchObject({ points: "40", overridden: "1" });
  expect(words("[data-source]")).toContain("not complete");
});

it("counts nothing that the criterion does not take", () => {
  choose("level-a", "high");
  type("points-b", "11");

  expect(field("points").value).toBe("");
  expect(field("points-b").getAttribute("aria-invalid")).toBe("true");
});

it("clears a choice, and says so to who saves", () => {
  choose("level-a", "high");
  heard = 0;
  document.querySelector<HTMLElement>("[data-clear]")?.click();

  expect(sent()).toEqual({});
  expect(heard).toBe(1);
  expect(document.activeElement).toBe(field("level-a", "low"));
});

it("shows what was put into the fields, without a word to who saves", () => {
  field("level-a", "high").checked = true;
  field("points-a").value = "10";
  field("points-b").value = "5";
  field("note-b").value = "Louder";
  field("points").value = "80";
  field("overridden").checked = true;
  showScores(form());

  expect(sent()).toEqual({
    "level-a": "high",
    "points-b": "5",
    "note-b": "Louder",
    points: "80",
    overridden: "1",
  });
  expect(field("note-b").closest("details")?.open).toBe(true);
  expect(heard).toBe(0);
});

it("goes to the first criterion by R, and on to the next", () => {
  const press = (target: Element, key: string) =>
    target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  press(document.body, "r");
  expect(document.activeElement).toBe(field("level-a", "low"));
  press(field("level-a", "low"), "r");
  expect(document.activeElement).toBe(field("points-b"));
});

it("takes digits on a level for points, and leaves the space bar to it", () => {
  let others = 0;
  document.addEventListener("keydown", () => {
    others += 1;
  });
  const press = (key: string) => {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
    field("level-a", "high").dispatchEvent(event);
    return event.defaultPrevented;
  };
  expect(press(" ")).toBe(false);
  expect(press("7")).toBe(true);

  expect(others).toBe(0);
  expect(field("points-a").value).toBe("7");
  expect(document.activeElement).toBe(field("points-a"));
});
