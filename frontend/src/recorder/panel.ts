import { openFullWindow } from "../full-window";
import { type Arrived, RecordingUpload } from "../uploads/recording-upload";
import { type ScreenAbility, screenAbility, surroundings, whyNoRecording } from "./ability";
import { CheckStep } from "./check-step";
import { recordingType } from "./codec";
import { limitOf } from "./estimate";
import { type Places, placesOf, show } from "./places";
import { SendStep } from "./send-step";
import { SoundLine } from "./sound-line";
import type { Choice, Studio } from "./studio";
import { Take } from "./take";
import { countDown, TakeStep } from "./take-step";

export interface RecorderConfig {
  beginUrl: string;
  maxBytes: number;
  /** null: as long as the largest file allows. */
  maxSeconds: number | null;
  /** Where a ticket for a whole window is given (frontend/src/full-window.ts). */
  windowUrl: string;
}

export interface RecorderEvents {
  /** The server has all of it and looks into it. */
  arrived(video: Arrived): void;
  /** Something is being checked, recorded or sent: other ways to bring a video should step back. */
  busy(running: boolean): void;
}

/** Records camera, screen or both, and sends while recording: choose, check, record, send. */
export class RecorderPanel {
  private readonly places: Places;
  private readonly screen: ScreenAbility = screenAbility(surroundings());
  private readonly check: CheckStep;
  private readonly takeStep: TakeStep;
  private readonly sendStep: SendStep;
  /** What would be lost if the page were left. */
  private holds = false;
  private running = false;

  constructor(
    private readonly root: HTMLElement,
    private readonly config: RecorderConfig,
    private readonly events: RecorderEvents,
  ) {
    this.places = placesOf(root);
    const limit = limitOf(config);
    const sound = new SoundLine(this.places);
    this.check = new CheckStep(this.places, sound, limit, this.screen, {
      start: (studio) => void this.record(studio),
      back: () => this.choose(true),
      lost: (device) => {
        if (!this.places.counting.hidden) this.places.cancel.click();
        else
          this.takeStep.end(
            device === "screen" ? "Sharing the screen was stopped." : `The ${device} was disconnected.`,
          );
      },
      screenInstead: () => this.enter("screen"),
    });
    this.takeStep = new TakeStep(this.places, sound, limit, config.maxBytes);
    this.sendStep = new SendStep(this.places, {
      arrived: (video) => {
        this.holds = false;
        this.busy(false);
        this.events.arrived(video);
      },
      again: () => this.choose(true),
    });
    root.hidden = false;
    const reason =
      whyNoRecording() ||
      (this.codecs
        ? ""
        : "This browser cannot record video. Use a current Chrome, Edge, Firefox or Safari, or upload a file.");
    if (reason) {
      this.places.unable.hidden = false;
      this.places.unableText.textContent = reason;
      return;
    }
    window.addEventListener("beforeunload", (event) => {
      if (this.holds) event.preventDefault();
    });
    // The page folds this part when another video is there already: not while somebody is recording in it.
    const fold = root.closest("details");
    fold?.addEventListener("toggle", () => {
      if (this.running) fold.open = true;
    });
    for (const button of this.choices) {
      button.addEventListener("click", () => this.enter(button.dataset.recordChoice as Choice));
    }
    this.choose(false);
    this.openAsAsked();
  }

  private busy(running: boolean): void {
    this.running = running;
    this.root.toggleAttribute("data-busy", running); // for whoever would draw the page anew
    this.events.busy(running);
  }

  private get codecs(): string | undefined {
    return recordingType((type) => MediaRecorder.isTypeSupported(type));
  }

  private get choices(): HTMLButtonElement[] {
    return [...this.root.querySelectorAll<HTMLButtonElement>("[data-record-choice]")];
  }

  private choose(back: boolean): void {
    const { places } = this;
    this.holds = false;
    for (const button of this.choices) {
      const screen = button.dataset.recordChoice !== "camera";
      (button.closest("li") ?? button).hidden = screen && this.screen === "none";
    }
    const hint = {
      here: "",
      window: "The screen can only be recorded in a whole window: it opens when you choose it.",
      none: "To record a screen, open this assignment on a computer.",
    }[this.screen];
    places.chooseHint.textContent = hint;
    places.chooseHint.hidden = !hint;
    show([places.choose], true);
    if (!back) return;
    this.busy(false);
    places.chooseTitle.focus();
  }

  private enter(choice: Choice, pressed = true): void {
    if (choice !== "camera" && this.screen === "window") {
      this.check.close();
      this.choose(true);
      void openFullWindow(this.config.windowUrl, `?record=${choice}`);
      this.places.chooseHint.textContent =
        "A whole window opens: record there. When you are done in it, the recording shows here too.";
      return;
    }
    this.check.close();
    this.places.choose.hidden = true;
    this.busy(true);
    this.check.enter(choice, pressed);
  }

  /** The whole window was opened for a choice. The address forgets it, so that a reload does not ask again. */
  private openAsAsked(): void {
    const here = new URL(location.href);
    const asked = here.searchParams.get("record");
    if (asked === null) return;
    here.searchParams.delete("record");
    history.replaceState(history.state, "", here);
    if (this.screen === "here" && (asked === "screen" || asked === "screen-camera")) this.enter(asked, false);
  }

  private async record(studio: Studio): Promise<void> {
    const { places, config } = this;
    show([places.check], false);
    if (!(await countDown(places))) {
      this.check.again(studio);
      return;
    }
    this.holds = true;
    const codecs = this.codecs ?? "video/webm";
    const take = new Take(studio.recorded(), codecs, (piece) => {
      upload.add(piece);
      this.takeStep.look();
    });
    const upload = new RecordingUpload(
      { beginUrl: config.beginUrl, name: take.name, type: take.type },
      {
        state: (state) => {
          this.takeStep.sends(state);
          this.sendStep.sends(state);
        },
        sent: () => this.sendStep.progress(),
      },
    );
    let why: string;
    try {
      why = await this.takeStep.run(take, upload, studio);
    } catch (error) {
      this.holds = false;
      this.check.again(studio);
      this.check.cannotStart();
      throw error;
    }
    this.check.close();
    this.sendStep.enter(take, upload, why);
  }
}
