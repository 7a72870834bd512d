import { describe, expect, it } from "vitest";
import { Refusal } from "../../src/http";
import { PartCutter } from "../../src/uploads/part-cutter";
import { RecordingUpload, type SendingState, type Wire } from "../../src/uploads/recording-upload";

const letters = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => String.fromCharCode(97 + ((from + at) % 26))).join("");

describe("parts of a recording", () => {
  async function cut(sizes: number[], partSize = 10) {
    const cutter = new PartCutter(partSize);
    const parts: Blob[] = [];
    let from = 0;
    for (const size of sizes) {
      parts.push(...cutter.add(new Blob([letters(size, from)])));
      from += size;
    }
    const full = parts.map((part) => part.size);
    const rest = cutter.rest();
    const whole = await new Blob([...parts, ...(rest ? [rest] : [])]).text();
    expect(whole).toBe(letters(from)); // nothing lost, nothing twice, in order
    return { full, rest: rest?.size };
  }

  it("are of exactly one size, whatever the pieces are, and the rest is the last", async () => {
    expect(await cut([3, 4, 5, 1])).toEqual({ full: [10], rest: 3 });
    expect(await cut([35])).toEqual({ full: [10, 10, 10], rest: 5 });
    expect(await cut([9, 1, 1])).toEqual({ full: [10], rest: 1 });
    expect(await cut([4])).toEqual({ full: [], rest: 4 });
  });

  it("leave no empty last part where they come out even", async () => {
    expect(await cut([10])).toEqual({ full: [10], rest: undefined });
    expect(await cut([5, 5, 20])).toEqual({ full: [10, 10, 10], rest: undefined });
    expect(await cut([])).toEqual({ full: [], rest: undefined });
  });
});

/** A server and a storage that do as told, and the browser's waiting without waiting. */
class World implements Wire {
  stored = new Map<number, string>();
  log: string[] = [];
  states: SendingState[] = [];
  waits: number[] = [];
  /** What is answered instead, first in first out. */
  puts: (number | "hold")[] = [];
  begins: Refusal[] = [];
  completes: Refusal[] = [];
  loses: number | undefined;
  private held: (() => void)[] = [];

  ask = async <T>(url: string, body?: unknown): Promise<T> => {
    await Promise.resolve();
    return this.answer(url, body as { parts: { number: number; size: number }[] & number }) as T;
  };

  private answer(url: string, body: { parts: { number: number; size: number }[] & number }): unknown {
    switch (url) {
      case "begin": {
        this.log.push("begin");
        const refusal = this.begins.shift();
        if (refusal) throw refusal;
        const urls = Object.fromEntries(
          ["renew", "sign", "status", "complete", "failed", "remove"].map((name) => [name, name]),
        );
        return { video: "v", way: "parts", parts: { size: 10, received: [] }, urls };
      }
      case "sign":
        return {
          urls: Object.fromEntries(body.parts.map((part) => [part.number, `${part.number}/${part.size}`])),
        };
      case "status":
        return { parts: [...this.stored].map(([number, text]) => ({ number, size: text.length })) };
      case "complete": {
        this.log.push(`complete ${body.parts}`);
        const refusal = this.completes.shift();
        if (refusal) throw refusal;
        const all = Array.from({ length: body.parts }, (_, at) => at + 1);
        if (all.some((number) => !this.stored.has(number))) throw new Refusal(409, "not_arrived", "", "");
        return { video: { id: "v" } };
      }
      default:
        this.log.push(url);
        return undefined;
    }
  }

  put: Wire["put"] = async (url, blob, progress, signal) => {
    const [number = 0, size] = url.split("/").map(Number);
    expect(blob.size).toBe(size); // the length is signed
    const told = this.puts.shift() ?? 200;
    this.log.push(`put ${number} ${told}`);
    progress(blob.size);
    if (told === "hold") await new Promise<void>((resolve) => this.held.push(resolve));
    signal.throwIfAborted();
    if (typeof told === "number" && told !== 200) return told;
    if (this.loses === number) this.loses = undefined;
    else this.stored.set(number, await blob.text());
    return 200;
  };

  wait: Wire["wait"] = async (tries, signal, atLeast) => {
    this.waits.push(tries);
    if (atLeast) this.log.push(`wait ${atLeast} s`);
    signal.throwIfAborted();
  };

  release(): void {
    for (const go of this.held.splice(0)) go();
  }

  get whole(): string {
    return [...this.stored.entries()]
      .sort(([one], [other]) => one - other)
      .map(([, text]) => text)
      .join("");
  }
}

function uploadTo(world: World): RecordingUpload {
  const listener = { state: (state: SendingState) => world.states.push(state), sent: () => undefined };
  return new RecordingUpload({ beginUrl: "begin", name: "a.webm", type: "video/webm" }, listener, world);
}

function record(upload: RecordingUpload, ...sizes: number[]): string {
  let from = 0;
  for (const size of sizes) {
    upload.add(new Blob([letters(size, from)]));
    from += size;
  }
  return letters(from);
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));
const refused = new Refusal(403, "closed", "Closed.", "Ask.");

describe("a recording that is sent while it is made", () => {
  it("sends full parts at once, the rest at the end, and says how many there are", async () => {
    const world = new World();
    const upload = uploadTo(world);
    const whole = record(upload, 7, 7, 7);
    await settled();
    expect([...world.stored.keys()]).toEqual([1, 2]);
    const arrived = await upload.finish();

    expect(arrived.id).toBe("v");
    expect(world.whole).toBe(whole);
    expect(world.log.at(-1)).toBe("complete 3");
    expect(upload.sent).toBe(21);
  });

  it("needs no rest where the parts come out even", async () => {
    const world = new World();
    const upload = uploadTo(world);
    const whole = record(upload, 4, 16);
    await upload.finish();
    expect(world.whole).toBe(whole);
    expect(world.log.at(-1)).toBe("complete 2");
  });

  it("tries again for ever, the same part before a later one, with growing pauses", async () => {
    const world = new World();
    world.puts = [0, 0, 503, 500, ...Array(30).fill(0)];
    const upload = uploadTo(world);
    const whole = record(upload, 10);
    await settled();
    expect(world.log.filter((line) => line.startsWith("put")).slice(0, 4)).toEqual([
      "put 1 0",
      "put 1 0",
      "put 1 503",
      "put 1 500",
    ]);
    expect(world.waits.slice(0, 5)).toEqual([0, 1, 2, 3, 4]);
    await upload.finish();
    expect(world.whole).toBe(whole);
    expect(world.states).toContain("waiting");
  });

  it("sends two parts at a time, no more", async () => {
    const world = new World();
    world.puts = ["hold", "hold", "hold", "hold"];
    const upload = uploadTo(world);
    const whole = record(upload, 40);
    await settled();
    expect(world.log.filter((line) => line.startsWith("put"))).toEqual(["put 1 hold", "put 2 hold"]);
    const finished = upload.finish();
    world.release();
    await settled();
    world.release();
    await finished;
    expect(world.whole).toBe(whole);
  });

  it("goes on locally when it may not begin, and begins when asked again", async () => {
    const world = new World();
    world.begins = [refused, refused];
    const upload = uploadTo(world);
    const whole = record(upload, 5, 20);
    await settled();
    upload.add(new Blob([letters(3, 25)]));
    await settled();
    expect(world.log).toEqual(["begin"]); // refused for good: not asked at every piece
    expect(world.states.at(-1)).toBe("kept");

    await expect(upload.finish()).rejects.toBe(refused);
    await upload.finish();
    expect(world.whole).toBe(whole + letters(3, 25));
    expect(world.log.at(-1)).toBe("complete 3");
  });

  it("waits for a server that is away, and does not take a conflict for that", async () => {
    const world = new World();
    world.begins = [
      new Refusal(503, "x", "", ""),
      new Refusal(0, "no_answer", "", ""),
      new Refusal(502, "http_502", "", ""),
    ];
    const upload = uploadTo(world);
    record(upload, 5);
    await upload.finish();
    expect(world.waits).toEqual([0, 1, 2]);

    for (const forGood of [
      new Refusal(409, "handed_in", "", ""),
      new Refusal(502, "storage_refused", "", ""),
    ]) {
      const other = new World();
      other.begins = [forGood];
      record(uploadTo(other), 5);
      await settled();
      await settled();
      expect(other.log).toEqual(["begin"]);
    }
  });

  it("comes again when the server says, not earlier", async () => {
    const world = new World();
    world.begins = [Object.assign(new Refusal(429, "too_many", "", ""), { retryAfter: 40 })];
    const upload = uploadTo(world);
    record(upload, 5);
    await upload.finish();
    expect(world.log.slice(0, 3)).toEqual(["begin", "wait 40 s", "begin"]);
  });

  it("stops at a storage that will not take it, and goes on where it stopped", async () => {
    const world = new World();
    world.puts = [200, 403, 403, 403];
    const upload = uploadTo(world);
    const whole = record(upload, 10);
    await settled();
    upload.add(new Blob([letters(15, 10)]));
    await settled();
    expect(world.states.at(-1)).toBe("kept");
    await upload.finish();
    expect(world.whole).toBe(whole + letters(15, 10));
    expect(world.log.filter((line) => line === "put 1 200")).toHaveLength(1);
    expect(world.log.filter((line) => line.startsWith("complete"))).toHaveLength(1);
  });

  it("sends again what storage has lost, and only that", async () => {
    const world = new World();
    world.loses = 2;
    const upload = uploadTo(world);
    const whole = record(upload, 25);
    await upload.finish();
    expect(world.whole).toBe(whole);
    expect(world.log.filter((line) => line.startsWith("put 2"))).toHaveLength(2);
    expect(world.log.filter((line) => line.startsWith("put 1"))).toHaveLength(1);
  });

  it("asks again when completing fails on the way, and gives a refusal to the person", async () => {
    const world = new World();
    world.completes = [new Refusal(0, "no_answer", "", ""), refused];
    const upload = uploadTo(world);
    record(upload, 5);
    await expect(upload.finish()).rejects.toBe(refused);
    await upload.finish();
    expect(world.log.filter((line) => line.startsWith("complete"))).toHaveLength(3);
    expect(world.log.filter((line) => line.startsWith("put"))).toHaveLength(1);
  });

  it("is silent once it was given up", async () => {
    const world = new World();
    world.puts = ["hold"];
    const upload = uploadTo(world);
    record(upload, 10);
    await settled();
    upload.abandon();
    world.release();
    await settled();
    expect(world.stored.size).toBe(0);
    expect(world.log.at(-1)).toBe("remove");
    await expect(upload.finish()).rejects.toThrow("abandoned");
  });

  it("is no recording when nothing was recorded", async () => {
    await expect(uploadTo(new World()).finish()).rejects.toMatchObject({ code: "empty" });
  });
});
