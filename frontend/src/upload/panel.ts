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

/** The places of the page that the panel fills, by their `data-upload` name. */
function partsOf(root: HTMLElement) {
  const part = <T extends HTMLElement = HTMLElement>(name: string): T => {
    const found = root.querySelector<T>(`[data-upload=${name}]`);
    if (!found) throw new Error(`the page has no upload part called ${name}`);
    return found;
  };
  return {
    input: part<HTMLInputElement>("input"),
    zone: part("zone"),
    active: part("active"),
    name: part("name"),
    bar: part<HTMLProgressElement>("bar"),
    percent: part("percent"),
    detail: part("detail"),
    stage: part("stage"),
    cancel: part("cancel"),
    error: part("error"),
    errorText: part("error-text"),
    retry: part<HTMLButtonElement>("retry"),
    live: part("live"),
  };
}

/** The drop zone, the real file input behind it, and what an upload says of itself. */
export class UploadPanel {
  private file: File | undefined;
  private running: AbortController | undefined;
  private readonly parts: ReturnType<typeof partsOf>;

  constructor(
    root: HTMLElement,
    private readonly config: UploadConfig,
    private readonly done: () => void,
  ) {
    this.parts = partsOf(root);
    this.parts.input.addEventListener("change", () => this.take(this.parts.input.files?.[0]));
    this.parts.retry.addEventListener("click", () => this.file && void this.start(this.file));
    this.parts.cancel.addEventListener("click", () =>
      this.running?.abort(new DOMException("cancelled", "AbortError")),
    );
    this.listenForDrops();
    this.take(this.parts.input.files?.[0]); // chosen while this script was still loading
    window.addEventListener("beforeunload", (event) => {
      if (this.running) event.preventDefault();
    });
  }

  private listenForDrops(): void {
    // The whole window: a file dropped beside the zone would else replace the page, and with it the upload.
    window.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.parts.zone.classList.toggle("is-over", this.parts.zone.contains(event.target as Node));
    });
    window.addEventListener("dragleave", () => this.parts.zone.classList.remove("is-over"));
    window.addEventListener("drop", (event) => {
      event.preventDefault();
      this.parts.zone.classList.remove("is-over");
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
    this.parts.name.textContent = `${file.name} (${bytes(file.size)})`;
    this.progress(0, file.size, speed);
    const listener = {
      stage: (stage: Stage) => {
        this.parts.stage.textContent = STAGES[stage];
        this.parts.active.dataset.stage = stage;
        if (stage === "checking") this.progress(file.size, file.size, speed);
        if (stage !== "sending") this.parts.live.textContent = STAGES[stage];
      },
      progress: (sent: number) => {
        speed.note(Math.min(sent, file.size), performance.now());
        this.progress(Math.min(sent, file.size), file.size, speed);
        const percent = (100 * sent) / file.size;
        if (percent >= announced + ANNOUNCE_EVERY) {
          announced = Math.floor(percent / ANNOUNCE_EVERY) * ANNOUNCE_EVERY;
          this.parts.live.textContent = `${Math.min(100, announced)} % uploaded`;
        }
      },
    };
    try {
      await transfer(file, this.config, listener, this.running.signal);
      this.running = undefined;
      this.parts.live.textContent = "Your video is uploaded.";
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
    this.parts.bar.value = percent;
    this.parts.percent.textContent = `${percent} %`;
    const rate = speed.perSecond;
    const left = rate && sent < total ? `, ${timeLeft(speed.secondsLeft(total))} left` : "";
    this.parts.detail.textContent = `${bytes(sent)} of ${bytes(total)}${rate ? ` at ${bytes(rate)}/s` : ""}${left}`;
  }

  private fail(message: string, canRetry: boolean): void {
    this.show({ uploading: false });
    this.parts.error.hidden = false;
    this.parts.errorText.textContent = message;
    this.parts.retry.hidden = !canRetry;
    this.parts.input.value = "";
    (canRetry ? this.parts.retry : this.parts.input).focus();
  }

  private show({ uploading }: { uploading: boolean }): void {
    this.parts.zone.hidden = uploading;
    this.parts.active.hidden = !uploading;
    this.parts.error.hidden = true;
  }
}
