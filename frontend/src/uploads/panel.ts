import { confirmed } from "../dialogs";
import { bytes } from "../format";
import { postForm, Refusal } from "../http";
import { type UploadConfig, whyNot } from "./file-check";
import { fingerprint } from "./fingerprint";
import { Speed } from "./speed";
import type { Ticket } from "./ticket";
import { PAUSED, type Stage, transfer } from "./transfer";

const STAGES: Record<Stage, string> = {
  preparing: "Preparing…",
  sending: "Uploading…",
  waiting: "Connection trouble: trying again by itself…",
  offline: "Connection lost: will continue when you are online again.",
  checking: "Checking your video…",
};
const DRAW_EVERY_MS = 250; // drawing costs a slow machine what it needs for sending
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
    pause: part("pause"),
    resume: part("resume"),
    cancel: part("cancel"),
    cancelDialog: part<HTMLDialogElement>("cancel-dialog"),
    anotherDialog: part<HTMLDialogElement>("another-dialog"),
    later: part("later"),
    laterForm: part<HTMLFormElement>("later-form"),
    laterDialog: part<HTMLDialogElement>("later-dialog"),
    asked: part("asked"),
    notAfterAll: part("not-after-all"),
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
  private ticket: Ticket | undefined;
  private readonly parts: ReturnType<typeof partsOf>;

  /**
   * @param unfinished uploads of the draft that can go on, as the page shows them now.
   * @param changed called whenever the server knows something new of the draft.
   * @param busy told when an upload shows or is gone: other ways to bring a video should step back.
   */
  constructor(
    private readonly root: HTMLElement,
    private readonly config: UploadConfig,
    private readonly unfinished: () => Unfinished[],
    private readonly changed: () => void,
    private readonly busy: (running: boolean) => void,
  ) {
    const parts = partsOf(root);
    this.parts = parts;
    parts.input.addEventListener("change", () => void this.take(parts.input.files?.[0]));
    parts.retry.addEventListener("click", () => this.file && void this.start(this.file));
    parts.resume.addEventListener("click", () => this.file && void this.start(this.file));
    parts.pause.addEventListener("click", () => this.running?.abort(PAUSED));
    parts.cancel.addEventListener("click", () => void this.cancel());
    parts.later.addEventListener("click", () => parts.laterDialog.showModal());
    parts.laterForm.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submitLater();
    });
    parts.notAfterAll.addEventListener("click", () => void this.notAfterAll());
    this.listenForDrops();
    void this.take(parts.input.files?.[0]); // chosen while this script was still loading
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
      const stepsBack = this.running || this.root.hidden; // while a recording is made
      if (!stepsBack) void this.take(event.dataTransfer?.files[0]);
    });
  }

  private async take(file: File | undefined): Promise<void> {
    if (!file) return;
    const problem = whyNot(file, this.config);
    if (problem) return this.fail(problem, false);
    if (!(await this.isWanted(file))) {
      this.parts.input.value = "";
      return;
    }
    this.file = file;
    await this.start(file);
  }

  /** True for the file that is unfinished, or after the person has said that they mean another one. */
  private async isWanted(file: File): Promise<boolean> {
    const waiting = this.unfinished();
    if (!waiting.length) return true;
    const print = await fingerprint(file).catch(() => "");
    if (waiting.some((upload) => upload.size === file.size && upload.fingerprint === print)) return true;
    if (!(await confirmed(this.parts.anotherDialog))) return false;
    for (const upload of waiting) await postForm(upload.removeUrl, {}).catch(() => undefined);
    this.changed();
    return true;
  }

  private async start(file: File): Promise<void> {
    const running = new AbortController();
    this.running = running;
    const speed = new Speed();
    let announced = 0;
    let latest = 0;
    let drawing = 0;
    const draw = () => {
      drawing = 0;
      speed.note(latest, performance.now());
      this.progress(latest, file.size, speed);
      const percent = (100 * latest) / file.size;
      if (percent >= announced + ANNOUNCE_EVERY) {
        announced = Math.floor(percent / ANNOUNCE_EVERY) * ANNOUNCE_EVERY;
        this.parts.live.textContent = `${Math.min(100, announced)} % uploaded`;
      }
    };
    this.show("sending");
    this.parts.name.textContent = `${file.name} (${bytes(file.size)})`;
    this.progress(0, file.size, speed);
    const listener = {
      stage: (stage: Stage) => {
        this.parts.stage.textContent = STAGES[stage];
        this.parts.active.dataset.stage = stage;
        if (stage === "checking") this.progress(file.size, file.size, speed);
        if (stage !== "sending") this.parts.live.textContent = STAGES[stage];
      },
      begun: (ticket: Ticket, received: number) => {
        // The wish was for the upload before, which has ended: nobody must rely on it.
        if (ticket.video !== this.ticket?.video) this.parts.asked.hidden = true;
        this.ticket = ticket;
        this.parts.pause.hidden = ticket.way !== "parts";
        this.parts.later.hidden = this.parts.asked.hidden === false;
        if (received) {
          this.progress(received, file.size, speed);
          announced = Math.floor((100 * received) / file.size);
          this.parts.live.textContent = `Going on at ${announced} %`;
        }
      },
      progress: (sent: number) => {
        latest = Math.min(sent, file.size);
        drawing ||= window.setTimeout(draw, DRAW_EVERY_MS);
      },
    };
    try {
      await transfer(file, this.config, listener, running.signal);
      this.running = undefined;
      this.forget();
      this.show("zone");
      this.parts.live.textContent = "Your video has arrived.";
      this.changed();
    } catch (error) {
      this.running = undefined;
      if (running.signal.reason === PAUSED) this.paused();
      else if (running.signal.aborted)
        this.fail("The upload was cancelled. Choose a file to start again.", false);
      else if (error instanceof Refusal) this.fail(error.inWords, error.code !== "session_ended");
      else {
        this.fail("The upload failed. Press Try again.", true);
        throw error;
      }
    } finally {
      window.clearTimeout(drawing);
    }
  }

  private progress(sent: number, total: number, speed: Speed): void {
    const percent = total ? Math.floor((100 * sent) / total) : 0;
    this.parts.bar.value = percent;
    this.parts.percent.textContent = `${percent} %`;
    this.parts.detail.textContent = `${bytes(sent)} of ${bytes(total)}${speed.inWords(sent, total)}`;
  }

  private paused(): void {
    this.show("paused");
    this.parts.active.dataset.stage = "paused";
    this.parts.stage.textContent = "Paused. What has arrived is kept, for 7 days.";
    this.parts.live.textContent = "Paused";
    this.parts.resume.focus();
  }

  /** Giving up an upload in parts deletes what has arrived: that is asked about first. */
  private async cancel(): Promise<void> {
    const { ticket } = this;
    if (ticket?.way === "parts") {
      if (!(await confirmed(this.parts.cancelDialog))) return;
      this.running?.abort(PAUSED);
      // Where that is not heard, the page offers to go on with it, and to give it up, when it is opened again.
      await postForm(ticket.urls.remove, {}).catch(() => undefined);
    } else this.running?.abort(new DOMException("cancelled", "AbortError"));
    this.forget();
    this.show("zone");
    this.changed();
    this.parts.input.focus();
  }

  private async submitLater(): Promise<void> {
    if (!this.ticket) return;
    const fields = Object.fromEntries(new FormData(this.parts.laterForm).entries()) as Record<string, string>;
    this.parts.laterDialog.close();
    try {
      await postForm(this.config.submitUrl, { ...fields, video: this.ticket.video ?? "" });
      this.asked(true);
    } catch (error) {
      this.sayWhyNot(error);
    }
  }

  private async notAfterAll(): Promise<void> {
    if (!this.ticket) return;
    try {
      await postForm(this.config.cancelUrl, { video: this.ticket.video ?? "" });
      this.asked(false);
    } catch (error) {
      this.sayWhyNot(error);
    }
  }

  private sayWhyNot(error: unknown): void {
    this.parts.live.textContent = error instanceof Refusal ? error.inWords : "That did not work.";
    this.parts.stage.textContent = this.parts.live.textContent;
  }

  private asked(yes: boolean): void {
    this.parts.asked.hidden = !yes;
    this.parts.later.hidden = yes;
    (yes ? this.parts.notAfterAll : this.parts.later).focus();
    this.parts.live.textContent = yes ? "It is handed in as soon as it has arrived." : "";
  }

  private forget(): void {
    this.file = undefined;
    this.ticket = undefined;
    this.parts.input.value = "";
    this.parts.asked.hidden = true;
  }

  private fail(message: string, canRetry: boolean): void {
    this.show("zone");
    this.parts.error.hidden = false;
    this.parts.errorText.textContent = message;
    this.parts.retry.hidden = !canRetry;
    this.parts.input.value = "";
    (canRetry ? this.parts.retry : this.parts.input).focus();
  }

  private show(what: "zone" | "sending" | "paused"): void {
    this.parts.zone.hidden = what !== "zone";
    this.parts.active.hidden = what === "zone";
    this.parts.pause.hidden = what !== "sending" || this.ticket?.way !== "parts";
    this.parts.resume.hidden = what !== "paused";
    this.parts.later.hidden ||= !this.ticket;
    this.parts.error.hidden = true;
    this.busy(what !== "zone");
  }
}

/** An upload of the draft that was begun and can go on. */
export interface Unfinished {
  size: number;
  fingerprint: string;
  removeUrl: string;
}
