import { beforeEach, describe, expect, it, vi } from "vitest";
import { Refusal } from "../../src/http";
import { UploadPanel } from "../../src/uploads/panel";
import type { Ticket } from "../../src/uploads/ticket";
import type { Listener } from "../../src/uploads/transfer";

let attempts: { listener: Listener; fail(error: unknown): void }[] = [];

vi.mock("../../src/uploads/transfer", () => ({
  PAUSED: new DOMException("paused", "AbortError"),
  transfer: (_file: File, _config: unknown, listener: Listener) =>
    new Promise((_, fail) => attempts.push({ listener, fail })),
}));

const PLACES =
  `active name percent detail stage pause resume cancel later asked not-after-all error error-text retry
  live zone`.split(/\s+/);
const config = {
  beginUrl: "/b",
  submitUrl: "/s",
  cancelUrl: "/c",
  maxBytes: 1000,
  types: [],
  accept: ".mp4",
};

function ticket(video: string): Ticket {
  const urls = { renew: "", sign: "", status: "", complete: "", failed: "", remove: "" };
  return { video, way: "form", urls };
}

function place<T extends HTMLElement>(name: string): T {
  return document.querySelector<T>(`[data-upload=${name}]`) as T;
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(async () => {
  attempts = [];
  document.body.innerHTML = `<div id="root">
    ${PLACES.map((name) => `<button type="button" data-upload="${name}"></button>`).join("")}
    <input type="file" data-upload="input"><progress data-upload="bar"></progress>
    <dialog data-upload="cancel-dialog"></dialog><dialog data-upload="another-dialog"></dialog>
    <dialog data-upload="later-dialog"><form data-upload="later-form"></form></dialog></div>`;
  place("asked").hidden = true;
  vi.stubGlobal("fetch", async () => new Response('{"receipt": ""}'));
  const root = document.querySelector<HTMLElement>("#root") as HTMLElement;
  new UploadPanel(root, config, () => [], vi.fn(), vi.fn());
  Object.defineProperty(place("input"), "files", {
    value: [new File(["x".repeat(100)], "a.mp4", { type: "video/mp4" })],
  });
  place("input").dispatchEvent(new Event("change"));
  await settled();
  attempts[0]?.listener.begun(ticket("first"), 0);
});

describe("an upload", () => {
  it("shows how far it is when nothing more comes for a while", async () => {
    attempts[0]?.listener.progress(20);
    attempts[0]?.listener.progress(60);
    await new Promise((resolve) => setTimeout(resolve, 350));

    expect(place("percent").textContent).toBe("60 %");
  });
});

describe("an upload that is to be handed in by itself", () => {
  beforeEach(async () => {
    place("later-form").dispatchEvent(new Event("submit", { cancelable: true }));
    await settled();
  });

  it("says so", () => {
    expect(place("asked").hidden).toBe(false);
    expect(place("later").hidden).toBe(true);
  });

  it("does not say so of the next try, which is another upload and was not asked for", async () => {
    attempts[0]?.fail(new Refusal(0, "network", "It broke.", "Try again."));
    await settled();
    place("retry").click();
    await settled();
    attempts[1]?.listener.begun(ticket("second"), 0);

    expect(place("asked").hidden).toBe(true);
    expect(place("later").hidden).toBe(false);
  });

  it("still says so where the same upload goes on", async () => {
    attempts[0]?.fail(new Refusal(0, "network", "It broke.", "Try again."));
    await settled();
    place("retry").click();
    await settled();
    attempts[1]?.listener.begun(ticket("first"), 0);

    expect(place("asked").hidden).toBe(false);
  });

  it("tells where the wish could not be taken back", async () => {
    const error = { code: "handed_in", message: "It was handed in already.", action: "Look." };
    vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ error }), { status: 409 }));
    place("not-after-all").click();
    await settled();

    expect(place("asked").hidden).toBe(false);
    expect(place("stage").textContent).toContain("handed in already");
  });
});
