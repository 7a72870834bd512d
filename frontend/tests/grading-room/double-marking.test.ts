import { beforeEach, expect, it } from "vitest";
import { fill } from "../../src/grading-room/double-marking";

let form: HTMLFormElement;
let heard: string[];

beforeEach(() => {
  document.body.innerHTML = `<form>
    <input type="radio" name="level-c1" value="l1" checked><input type="radio" name="level-c1" value="l2">
    <input name="points-c1" value="3"><input type="checkbox" name="overridden" value="1" checked>
    <input name="points" value=""></form>`;
  form = document.querySelector("form") as HTMLFormElement;
  heard = [];
  form.addEventListener("input", (event) => heard.push((event.target as HTMLInputElement).name));
});

const sent = () => Object.fromEntries(new FormData(form) as unknown as Iterable<[string, string]>);

it("puts a level, points and a tick into the form as somebody would", () => {
  for (const [name, value] of Object.entries({
    "level-c1": "l2",
    "points-c1": "",
    overridden: "",
    points: "70",
  }))
    fill(form, name, value);

  expect(sent()).toEqual({ "level-c1": "l2", "points-c1": "", points: "70" });
  expect(new Set(heard)).toEqual(new Set(["level-c1", "points-c1", "overridden", "points"]));
});

it("takes a level away where points lie between two", () => {
  fill(form, "level-c1", "");
  fill(form, "points-c1", "4");

  expect(sent()).toEqual({ "points-c1": "4", overridden: "1", points: "" });
});

it("leaves alone what the form does not have", () => {
  fill(form, 'level-"]', "l2");

  expect(heard).toEqual([]);
});
