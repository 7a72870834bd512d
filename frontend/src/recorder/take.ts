import { plainType, recordingName } from "./codec";
import { AUDIO_BITS, VIDEO_BITS } from "./estimate";
import { Stopwatch } from "./stopwatch";

const PIECE_MS = 1000; // no more than this is lost when the browser dies

/** One recording: it only grows, and all of it is kept until the person has it somewhere else. */
export class Take {
  readonly name: string;
  readonly type: string;
  readonly watch = new Stopwatch();
  /** When the last piece is in. */
  readonly ended: Promise<void>;
  bytes = 0;
  private readonly pieces: Blob[] = [];
  private readonly recorder: MediaRecorder;

  constructor(stream: MediaStream, codecs: string, heard: (piece: Blob) => void) {
    this.recorder = new MediaRecorder(stream, {
      mimeType: codecs,
      videoBitsPerSecond: VIDEO_BITS,
      audioBitsPerSecond: AUDIO_BITS,
    });
    this.type = plainType(codecs);
    this.name = recordingName(new Date(), codecs);
    this.recorder.addEventListener("dataavailable", ({ data }) => {
      if (!data.size) return;
      this.pieces.push(data);
      this.bytes += data.size;
      heard(data);
    });
    this.recorder.addEventListener("start", () => this.watch.start());
    this.ended = new Promise((resolve) => {
      this.recorder.addEventListener("stop", () => {
        this.watch.stop();
        resolve();
      });
      // What was recorded before an error stays good.
      this.recorder.addEventListener("error", () => this.stop());
    });
  }

  start(): void {
    this.recorder.start(PIECE_MS);
  }

  get paused(): boolean {
    return this.recorder.state === "paused";
  }

  pause(): void {
    if (this.recorder.state !== "recording") return;
    this.recorder.pause();
    this.watch.stop();
  }

  resume(): void {
    if (this.recorder.state !== "paused") return;
    this.recorder.resume();
    this.watch.start();
  }

  stop(): void {
    if (this.recorder.state !== "inactive") this.recorder.stop();
  }

  get file(): Blob {
    return new Blob(this.pieces, { type: this.type });
  }
}
