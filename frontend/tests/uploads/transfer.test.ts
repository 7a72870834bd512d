import { afterEach, describe, expect, it, vi } from "vitest";
import { Refusal } from "../../src/http";
import { transfer } from "../../src/uploads/transfer";

vi.mock("../../src/uploads/ways", () => ({
  SLOTS: 5,
  fresh: <T>(ticket: T) => ticket,
  sendForm: async () => ({ sent: true }),
  sendParts: async () => ({ sent: true }),
}));

const urls = {
  complete: "/complete/",
  failed: "/failed/",
  renew: "/renew/",
  sign: "",
  status: "",
  remove: "",
};
const ticket = { video: "v", way: "form", urls, form: { url: "", fields: {}, expires_in: 3600 } };

/** The server of an upload whose completion is answered so, each in its turn; the last one for ever. */
function answering(...completions: { status: number; code: string }[]): string[] {
  const asked: string[] = [];
  let turn = 0;
  vi.stubGlobal("fetch", async (url: string) => {
    asked.push(url);
    if (url !== "/complete/") return new Response(JSON.stringify(ticket), { status: 201 });
    const { status, code } = completions[Math.min(turn, completions.length - 1)] ?? { status: 200, code: "" };
    turn += 1;
    const body =
      status === 200 ? { video: { state: "checking" } } : { error: { code, message: "", action: "" } };
    return new Response(JSON.stringify(body), { status, headers: { "Retry-After": "5" } });
  });
  return asked;
}

async function send(): Promise<unknown> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  const listener = { stage: () => undefined, begun: () => undefined, progress: () => undefined };
  const file = new File(["film"], "a.mp4", { type: "video/mp4" });
  let ended: unknown;
  const sending = transfer(file, { beginUrl: "/begin/" }, listener, new AbortController().signal).then(
    () => {
      ended = "sent";
    },
    (error: unknown) => {
      ended = error;
    },
  );
  while (ended === undefined) {
    await vi.advanceTimersByTimeAsync(60_000);
    await new Promise((done) => setImmediate(done)); // the file's fingerprint takes real time
  }
  await sending;
  return ended;
}

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a file that has gone whole", () => {
  const busy = { status: 503, code: "storage_unavailable" };

  it("is not given up because storage is slow for long", async () => {
    const asked = answering(...Array(40).fill(busy), { status: 200, code: "" });
    expect(await send()).toBe("sent");
    expect(asked.filter((url) => url === "/complete/")).toHaveLength(41);
    expect(asked).not.toContain("/failed/");
  });

  it("is given up after a while where it never arrives", async () => {
    const asked = answering({ status: 409, code: "not_arrived" });
    expect(await send()).toBeInstanceOf(Refusal);
    expect(asked).toContain("/failed/");
  });

  it("is given up at once where a person must act", async () => {
    const asked = answering({ status: 422, code: "not_a_video" });
    expect(await send()).toMatchObject({ code: "not_a_video" });
    expect(asked.filter((url) => url === "/complete/")).toHaveLength(1);
  });
});
