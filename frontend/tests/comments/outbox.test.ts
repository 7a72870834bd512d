import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Comment, Unsent } from "../../src/comments/data";
import { Outbox } from "../../src/comments/outbox";
import { Refusal } from "../../src/http";

const one: Unsent = { id: "a", kind: "new", to: "", at: 1, until: null, text: "Look up." };
const answered = { id: "a", text: "Look up." } as Comment;
const offline = new Refusal(0, "no_answer", "The server did not answer.", "Check your connection.");
let send: ReturnType<typeof vi.fn<(one: Unsent) => Promise<Comment | null>>>;
let told: ReturnType<typeof vi.fn>;

const outbox = () => new Outbox("unsent", send, told);
const stored = () => JSON.parse(localStorage.getItem("unsent") ?? "[]") as Unsent[];

beforeEach(() => {
  localStorage.clear();
  vi.useFakeTimers();
  send = vi.fn<(one: Unsent) => Promise<Comment | null>>().mockResolvedValue(answered);
  told = vi.fn();
});
afterEach(() => vi.useRealTimers());

it("keeps it until the server has it", async () => {
  const box = outbox();
  box.put(one);
  expect(stored()).toEqual([one]);
  await box.settled("a");

  expect(stored()).toEqual([]);
  expect(told).toHaveBeenCalledWith(one, answered);
});

it("keeps it over a reload, and sends the same id again", async () => {
  send.mockRejectedValue(offline);
  const before = outbox();
  before.put(one);
  await before.settled("a");
  expect(before.failure("a")?.passes).toBe(true);
  send.mockResolvedValue(answered);
  const after = outbox();
  after.sendAll();
  await after.settled("a");

  expect(send.mock.calls.map(([sent]) => sent.id)).toEqual(["a", "a"]);
  expect(stored()).toEqual([]);
});

it("tries by itself when the connection is back, or after a while", async () => {
  send.mockRejectedValueOnce(offline).mockRejectedValueOnce(offline);
  const box = outbox();
  box.put(one);
  await box.settled("a");
  window.dispatchEvent(new Event("online"));
  await box.settled("a");
  expect(box.has("a")).toBe(true);
  await vi.runOnlyPendingTimersAsync();

  expect(box.has("a")).toBe(false);
});

it("does not repeat what the server refused", async () => {
  send.mockRejectedValue(new Refusal(422, "invalid", "The comment was not saved.", "Type a time."));
  const box = outbox();
  box.put(one);
  await box.settled("a");
  box.sendAll();

  expect(send).toHaveBeenCalledOnce();
  expect(box.failure("a")?.words).toContain("Type a time.");
  expect(stored()).toEqual([one]);
});

it("sends what was typed on while it was on its way; what never arrived is still new", async () => {
  let fail: (error: Refusal) => void = () => undefined;
  send.mockImplementationOnce(() => new Promise((_, reject) => (fail = reject)));
  const box = outbox();
  box.put(one);
  box.put({ ...one, kind: "edit", text: "Look down." });
  fail(offline);
  await vi.waitFor(() => expect(box.has("a")).toBe(false));

  expect(send).toHaveBeenLastCalledWith({ ...one, kind: "new", text: "Look down." });
});

it("leaves what another tab keeps", async () => {
  const other = { ...one, id: "b" };
  const box = outbox();
  localStorage.setItem("unsent", JSON.stringify([other]));
  box.put(one);
  await box.settled("a");

  expect(stored()).toEqual([other]);
});

it("warns who leaves", async () => {
  send.mockRejectedValue(offline);
  const box = outbox();
  const leaves = () => !window.dispatchEvent(new Event("beforeunload", { cancelable: true }));
  box.put(one);
  await box.settled("a");
  expect(leaves()).toBe(true);
  box.drop("a");
});

it("works where the browser keeps nothing", async () => {
  const refuses = vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("blocked", "SecurityError");
  });
  const box = outbox();
  box.put(one);
  await box.settled("a");

  expect(told).toHaveBeenCalledWith(one, answered);
  refuses.mockRestore();
});
