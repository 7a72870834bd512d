import { bytes, timeLeft } from "../format";
import { Refusal } from "../http";
import { type UploadConfig, whyNot } from "./file-check";
import { Speed } from "./speed";
import { type Stage, transfer } from "./transfer";

const STAGES: Record<Stage, string> = {
  preparing: "Preparing…",
  sending: "Uploading…",
  waiting: "Connection trouble: trying again by itself…",
  offline: "Connection lost: will continue when you are online again.",
  checking: "Checking your video…",
};
const ANNOUNCE_EVERY = 20; // percent: a screen reader should not talk all the time

/** The drop zone, the real file input behind it, and what an upload says of itself. */
export class UploadPanel {
  private readonly input = this.part<HTMLInputElement>("input");
  private readonly zone = this.part("zone");
  private readonly active = this.part("active");
  private readonly name = this.part("name");
  private readonly bar = this.part<HTMLProgressElement>("bar");
  private readonly percent = this.part("percent");
  private readonly detail = this.part("detail");
  private readonly stage = this.part("stage");
  private readonly error = this.part("error");
  private readonly retry = this.part<HTMLButtonElement>("retry");
  private readonly live = this.part("live");
  private file: File | undefined;
  private running: AbortController | undefined;

  constructor(
    private readonly root: HTMLElement,
    private readonly config: UploadConfig,
    private readonly done: () => void,
  ) {
    this.input.addEventListener("change", () => this.take(this.input.files?.[0]));
    this.retry.addEventListener("click", () => this.file && void this.start(this.file));
    this.part("cancel").addEventListener("click", () =>
      this.running?.abort(new DOMException("cancelled", "AbortError")),
    );
    this.listenForDrops();
    window.addEventListener("beforeunload", (event) => {
      if (this.running) event.preventDefault();
    });
  }

  private part<T extends HTMLElement = HTMLElement>(name: string): T {
    const found = this.root.querySelector<T>(`[data-upload=${name}]`);
    if (!found) throw new Error(`the page has no upload part called ${name}`);
    return found;
  }

  private listenForDrops(): void {
    // The whole window: a file dropped beside the zone would else replace the page, and with it the upload.
    window.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.zone.classList.toggle("is-over", this.zone.contains(event.target as Node));
    });
    window.addEventListener("dragleave", () => this.zone.classList.remove("is-over"));
    window.addEventListener("drop", (event) => {
      event.preventDefault();
      this.zone.classList.remove("is-over");
      if (!this.running) this.take(event.dataTransfer?.files[0]);
    });
  }

  private take(file: File | undefined): void {
    if (!file) return;
    this.file = file;
    const problem = whyNot(file, this.config);
    if (problem) this.fail(problem, false);
    else void this.start(file);
  }

  private async start(file: File): Promise<void> {
    this.running = new AbortController();
    const speed = new Speed();
    let announced = 0;
    this.show({ uploading: true });
    this.name.textContent = `${file.name} (${bytes(file.size)})`;
    this.progress(0, file.size, speed);
    const listener = {
      stage: (stage: Stage) => {
        this.stage.textContent = STAGES[stage];
        this.active.dataset.stage = stage;
        if (stage === "checking") this.progress(file.size, file.size, speed);
        if (stage !== "sending") this.live.textContent = STAGES[stage];
      },
      progress: (sent: number) => {
        speed.note(Math.min(sent, file.size), performance.now());
        this.progress(Math.min(sent, file.size), file.size, speed);
        const percent = (100 * sent) / file.size;
        if (percent >= announced + ANNOUNCE_EVERY) {
          announced = Math.floor(percent / ANNOUNCE_EVERY) * ANNOUNCE_EVERY;
          this.live.textContent = `${Math.min(100, announced)} % uploaded`;
        }
      },
    };
    try {
      await transfer(file, this.config, listener, this.running.signal);
      this.running = undefined;
      this.live.textContent = "Your video is uploaded.";
      this.done();
    } catch (error) {
      const cancelled = this.running?.signal.aborted;
      this.running = undefined;
      if (cancelled) this.fail("The upload was cancelled. Choose a file to start again.", false);
      else if (error instanceof Refusal) this.fail(error.inWords, error.code !== "session_ended");
      else {
        this.fail("The upload failed. Press Try again.", true);
        throw error;
      }
    }
  }

  private progress(sent: number, total: number, speed: Speed): void {
    const percent = total ? Math.floor((100 * sent) / total) : 0;
    this.bar.value = percent;
    this.percent.textContent = `${percent} %`;
    const rate = speed.perSecond;
    const left = rate && sent < total ? `, ${timeLeft(speed.secondsLeft(total))} left` : "";
    this.detail.textContent = `${bytes(sent)} of ${bytes(total)}${rate ? ` at ${bytes(rate)}/s` : ""}${left}`;
  }

  private fail(message: string, canRetry: boolean): void {
    this.show({ uploading: false });
    this.error.hidden = false;
    this.part("error-text").textContent = message;
    this.retry.hidden = !canRetry;
    this.input.value = "";
    (canRetry ? this.retry : this.input).focus();
  }

  private show({ uploading }: { uploading: boolean }): void {
    this.zone.hidden = uploading;
    this.active.hidden = !uploading;
    this.error.hidden = true;
  }
}
