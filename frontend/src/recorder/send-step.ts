import { bytes, timeLeft } from "../format";
import { Refusal } from "../http";
import type { Arrived, RecordingUpload, SendingState } from "../uploads/recording-upload";
import { Speed } from "../uploads/speed";
import { type Places, show } from "./places";
import { clock } from "./stopwatch";
import type { Take } from "./take";

const WORDS: Record<SendingState, string> = {
  sending: "Saved on this device. Sending what is left…",
  waiting: "Saved on this device. Connection trouble: trying again by itself…",
  offline: "Saved on this device. Connection lost: will continue when you are online again.",
  checking: "Sent. Checking your video…",
  kept: "Saved on this device, not sent.",
};

/** After the recording: what is left is sent, a copy can be saved, and nothing is thrown away. */
export class SendStep {
  private take: Take | undefined;
  private upload: RecordingUpload | undefined;
  private sentAtStop = 0;
  private speed = new Speed();
  private arrived = false;

  constructor(
    private readonly places: Places,
    private readonly events: { arrived(video: Arrived): void; again(): void },
  ) {
    places.retry.addEventListener("click", () => void this.send());
    places.again.addEventListener("click", () => {
      if (this.arrived) this.leave();
      else {
        places.againDialog.showModal();
        places.againNo.focus();
      }
    });
    places.againNo.addEventListener("click", () => places.againDialog.close());
    places.againYes.addEventListener("click", () => {
      places.againDialog.close();
      this.leave();
    });
  }

  enter(take: Take, upload: RecordingUpload, whyEnded: string): void {
    const { places } = this;
    this.take = take;
    this.upload = upload;
    this.sentAtStop = upload.sent;
    this.speed = new Speed();
    this.arrived = false;
    show([places.finished], true);
    places.whyEnded.hidden = !whyEnded;
    places.whyEndedText.textContent = whyEnded ? `${whyEnded} What was recorded until then is kept.` : "";
    places.name.textContent = `${take.name} (${clock(Math.round(take.watch.seconds))}, ${bytes(take.bytes)})`;
    places.copy.href = URL.createObjectURL(take.file);
    places.copy.download = take.name;
    places.copy.hidden = !take.bytes;
    places.finishedTitle.focus();
    void this.send();
  }

  sends(state: SendingState): void {
    if (!this.take) return;
    this.places.sending.dataset.stage = state;
    this.places.stageText.textContent = WORDS[state];
    if (state !== "sending") this.places.live.textContent = WORDS[state];
  }

  progress(): void {
    if (!this.take || !this.upload) return;
    const total = this.take.bytes;
    const sent = Math.min(this.upload.sent, total);
    this.speed.note(sent, performance.now());
    // Of what was left at the stop: a bar that begins at 97 % says little.
    const left = total - this.sentAtStop;
    const percent = left > 0 ? Math.min(100, Math.floor((100 * (sent - this.sentAtStop)) / left)) : 100;
    this.places.progress.value = Math.max(0, percent);
    this.places.percent.textContent = `${Math.max(0, percent)} %`;
    const seconds = this.speed.perSecond && sent < total ? timeLeft(this.speed.secondsLeft(total)) : "";
    this.places.detail.textContent = `${bytes(sent)} of ${bytes(total)} sent${seconds ? `, ${seconds} left` : ""}`;
  }

  private async send(): Promise<void> {
    const { places, upload } = this;
    if (!upload) return;
    const retried = document.activeElement === places.retry;
    show([places.failed], false);
    show([places.sending, places.keepOpen], true);
    if (retried) places.finishedTitle.focus();
    places.finishedTitle.textContent = "Your recording is being sent";
    this.sends(upload.state === "kept" ? "sending" : upload.state);
    this.progress();
    try {
      const video = await upload.finish();
      if (upload !== this.upload) return;
      this.arrived = true;
      places.finishedTitle.textContent = "Your recording has arrived";
      places.keepOpen.hidden = true;
      this.progress();
      places.stageText.textContent = "It is being looked into now; the next step is shown above.";
      places.live.textContent = "Your recording has arrived.";
      this.events.arrived(video);
    } catch (error) {
      if (upload !== this.upload) return;
      places.finishedTitle.textContent = "Your recording is not sent yet";
      places.failed.hidden = false;
      places.failedText.textContent = whyNotSent(error);
      places.keepOpen.hidden = true;
      this.sends("kept");
      places.retry.focus();
      if (!(error instanceof Refusal)) throw error;
    }
  }

  /** Back to before the recording. */
  private leave(): void {
    if (!this.arrived) this.upload?.abandon();
    this.take = undefined;
    this.upload = undefined;
    URL.revokeObjectURL(this.places.copy.href);
    this.places.copy.removeAttribute("href");
    this.places.finished.hidden = true;
    this.events.again();
  }
}

function whyNotSent(error: unknown): string {
  if (!(error instanceof Refusal)) return "The recording could not be sent. Press Try again, or save a copy.";
  if (error.code === "session_ended")
    return "Your session in this tab has ended. Save a copy now, open the assignment from Moodle again, and upload the copy there.";
  if (error.code === "empty") return error.inWords;
  return `${error.inWords} Your recording is still here: press Try again, or save a copy.`;
}
