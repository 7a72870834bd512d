import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LivePage } from "../src/live";

const page = (text: string) =>
  `<div data-live-page data-version="1" data-state="/state" data-every="30"><div data-live="draft">${text}</div>
  <p data-news="${text} now"></p></div>`;
let broken = false;
let shown = page("new");

beforeEach(() => {
  document.body.innerHTML = page("old");
  vi.stubGlobal("fetch", async (url: string) =>
    String(url).endsWith("/state")
      ? new Response('{"version": "2", "every": 30}')
      : new Response(broken ? "a proxy says no" : shown, { status: broken ? 502 : 200 }),
  );
});
afterEach(() => vi.unstubAllGlobals());

function live(): LivePage {
  return new LivePage(document.querySelector("[data-live-page]") as HTMLElement, vi.fn());
}

it("draws what the server would show now, and says it to those who cannot see", async () => {
  await live().look();

  expect(document.querySelector("[data-live]")?.textContent).toBe("new");
  expect(document.querySelector("[data-news]")?.textContent).toBe("new now");
});

it("asks again where the page did not come", async () => {
  const looked = live();
  broken = true;
  await looked.look();
  broken = false;
  await looked.look();

  expect(document.querySelector("[data-live]")?.textContent).toBe("new");
});

it("comes again when the assignment opens, for the page had nothing to send with", async () => {
  shown = page("<div data-upload-panel></div>");
  const reload = vi.spyOn(location, "reload").mockImplementation(() => undefined);
  await live().look();
  shown = page("new");

  expect(reload).toHaveBeenCalledOnce();
});

it("leaves open what somebody has unfolded", async () => {
  const folds = (open: string) =>
    `<details id="attempt-1"${open}></details><details id="attempt-2"></details>`;
  document.body.innerHTML = page(folds(" open"));
  shown = page(folds(""));
  await live().look();
  shown = page("new");

  expect(document.querySelector<HTMLDetailsElement>("#attempt-1")?.open).toBe(true);
  expect(document.querySelector<HTMLDetailsElement>("#attempt-2")?.open).toBe(false);
});
