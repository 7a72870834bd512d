import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Dictation, type DictationState, MOST_SECONDS } from "../../src/feedback/audio-recording";
import { whyNot } from "../../src/feedback/sending";
import { recordingName, recordingType, SOUND_TYPES } from "../../src/recorder/codec";
import { Stopwatch } from "../../src/recorder/stopwatch";

class Recorded {
  name = "Recording.webm";
  type = "audio/webm";
  watch = new Stopwatch(() => Date.now());
  ended: Promise<void>;
  calls: string[] = [];
  private end: () => void = () => undefined;
  constructor() {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }
  get file(): Blob {
    return new Blob(["words"]);
  }
  start(): void {
    this.watch.start();
  }
  pause(): void {
    this.watch.stop();
    this.calls.push("pause");
  }
  resume(): void {
    this.watch.start();
    this.calls.push("resume");
  }
  stop(): void {
    this.watch.stop();
    this.calls.push("stop");
    this.end();
  }
}

describe("a recorded word", () => {
  let recorded: Recorded;
  let dictation: Dictation;
  let states: DictationState[];
  const tick = vi.fn();

  beforeEach(() => {
    vi.useFakeTimers();
    tick.mockClear();
    recorded = new Recorded();
    states = [];
    dictation = new Dictation(recorded, (state) => states.push(state), tick);
  });
  afterEach(() => vi.useRealTimers());

  it("is recorded, paused, gone on with, and stopped", async () => {
    dictation.start();
    await vi.advanceTimersByTimeAsync(2000);
    dictation.pause();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(dictation.seconds).toBe(2);
    dictation.resume();
    await vi.advanceTimersByTimeAsync(3000);
    dictation.stop();
    await vi.advanceTimersByTimeAsync(0);

    expect(states).toEqual(["recording", "paused", "recording", "done"]);
    expect(dictation.seconds).toBe(5);
    expect(tick.mock.lastCall?.[0]).toBe(5);
    expect(dictation.file.name).toBe("Recording.webm");
    expect(dictation.file.type).toBe("audio/webm");
  });

  it("ends by itself after ten minutes of words, pauses not counted", async () => {
    dictation.start();
    await vi.advanceTimersByTimeAsync(300_000);
    dictation.pause();
    await vi.advanceTimersByTimeAsync(600_000);
    dictation.resume();
    await vi.advanceTimersByTimeAsync(299_000);
    expect(dictation.state).toBe("recording");
    await vi.advanceTimersByTimeAsync(1000);

    expect(dictation.state).toBe("done");
    expect(dictation.seconds).toBeLessThanOrEqual(MOST_SECONDS);
    const ticks = tick.mock.calls.length;
    await vi.advanceTimersByTimeAsync(5000);
    expect(tick.mock.calls).toHaveLength(ticks);
  });

  it("keeps what there is when the microphone is pulled out", async () => {
    dictation.start();
    await vi.advanceTimersByTimeAsync(1000);
    recorded.stop(); // MediaRecorder stops by itself with its track
    await vi.advanceTimersByTimeAsync(0);

    expect(dictation.state).toBe("done");
    expect(dictation.file.size).toBe(5);
  });

  it("does nothing out of turn", async () => {
    dictation.pause();
    dictation.resume();
    dictation.stop();
    expect(recorded.calls).toEqual([]);
    dictation.start();
    dictation.start();
    dictation.resume();
    expect(recorded.calls).toEqual([]);
    dictation.stop();
    await vi.advanceTimersByTimeAsync(0);
    dictation.start();
    dictation.pause();

    expect(dictation.state).toBe("done");
    expect(states).toEqual(["recording", "done"]);
  });
});

describe("the type to record a word in", () => {
  it("is AAC before Opus, and has an ending that may be attached", () => {
    expect(recordingType(() => true, SOUND_TYPES)).toBe('audio/mp4;codecs="mp4a.40.2"');
    expect(recordingType((type) => type.includes("webm"), SOUND_TYPES)).toBe('audio/webm;codecs="opus"');
    const at = new Date(2026, 10, 21, 10, 5);
    expect(SOUND_TYPES.map((type) => recordingName(at, type).split(".").at(-1))).toEqual(
      SOUND_TYPES.map((type) => (type.includes("mp4") ? "m4a" : "webm")),
    );
  });
});

describe("a file that is to be attached", () => {
  const rules = { accept: ".pdf,.docx", maxBytes: 1000 };
  it.each([
    ["a.pdf", 10, ""],
    ["A.PDF", 1000, ""],
    ["a.html", 10, "of this type"],
    ["pdf", 10, "of this type"],
    ["a.pdf", 0, "empty"],
    ["a.pdf", 1001, "the limit is 1000 bytes"],
  ])("%s of %d bytes: %s", (name, size, told) => {
    const words = whyNot({ name, size }, rules);
    if (told) expect(words).toContain(told);
    else expect(words).toBe("");
  });
});
