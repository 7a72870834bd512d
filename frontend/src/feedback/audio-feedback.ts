import { whyNoRecording } from "../recorder/ability";
import { recordingType, SOUND_TYPES } from "../recorder/codec";
import { choose, menu, openDevices } from "../recorder/devices";
import { SoundLine } from "../recorder/sound-line";
import { clock, lastMoments } from "../recorder/stopwatch";
import { Take } from "../recorder/take";
import { browserOf, causeOf, DeviceTrouble, troubleWords } from "../recorder/trouble";
import { Dictation, type DictationState } from "./audio-recording";

interface Around {
  attach(file: File): void;
  closed(): void;
}

const STATES: Record<DictationState, string> = {
  ready: "",
  recording: "Recording",
  paused: "Paused",
  done: "Recorded",
};

/** "Record a word": the microphone is checked, the word recorded, listened to, and attached. */
export class WordPanel {
  private readonly sound: SoundLine;
  private stream: MediaStream | undefined;
  private dictation: Dictation | undefined;
  private listenUrl = "";
  private opening = 0;

  constructor(
    private readonly root: HTMLElement,
    private readonly around: Around,
  ) {
    const { part } = this;
    this.sound = new SoundLine({
      sound: part("sound"),
      level: part("level"),
      heard: part("heard"),
      live: part("live"),
    });
    const acts: Record<string, () => void> = {
      "trouble-again": () => void this.open(),
      start: () => this.start(),
      stop: () => this.dictation?.stop(),
      pause: () => this.dictation?.pause(),
      resume: () => this.dictation?.resume(),
      again: () => void this.open(),
      attach: () => this.attach(),
      cancel: () => this.close(),
    };
    root.addEventListener("click", this.press);
    this.acts = acts;
    part("microphone").addEventListener("change", this.choose);
    root.hidden = false;
    void this.open();
  }

  private readonly acts: Record<string, () => void>;

  /** Something is being recorded, or was and is not attached. */
  get busy(): boolean {
    return this.dictation !== undefined && this.dictation.state !== "ready";
  }

  /** The page goes. */
  end(): void {
    this.release();
    this.forget();
    this.root.hidden = true;
    this.root.removeEventListener("click", this.press);
    this.part("microphone").removeEventListener("change", this.choose);
  }

  private close(): void {
    this.end();
    this.around.closed();
  }

  private readonly press = (event: Event): void => {
    const name = (event.target as Element).closest<HTMLElement>("[data-word-part]")?.dataset.wordPart ?? "";
    this.acts[name]?.();
  };

  private readonly choose = (): void => {
    choose("microphone", this.part<HTMLSelectElement>("microphone").value);
    void this.open();
  };

  /** The microphone, and nothing recorded yet. */
  private async open(): Promise<void> {
    const mine = ++this.opening;
    this.release();
    this.forget();
    this.show("opening", "Opening your microphone");
    const cannot = whyNoRecording();
    const codecs = recordingType((type) => MediaRecorder.isTypeSupported(type), SOUND_TYPES);
    if (cannot || !codecs) {
      const words =
        cannot || "This browser cannot record sound. Record it with another app and attach the file.";
      return this.showTrouble(words, [], false);
    }
    try {
      const stream = await openDevices({ camera: false, microphone: true });
      if (mine !== this.opening || this.root.hidden) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      this.stream = stream;
      stream.getAudioTracks()[0]?.addEventListener("ended", () => this.unplugged());
      const dictation: Dictation = new Dictation(
        new Take(stream, codecs, () => undefined),
        (state) => this.dictation === dictation && this.changed(state), // else it was thrown away
        (seconds, before, left) => this.dictation === dictation && this.tick(seconds, before, left),
      );
      this.dictation = dictation;
      this.sound.follow(stream);
      await this.fillMenu();
      this.show("ready", "Record a word");
      this.part("start").focus();
    } catch (error) {
      if (mine !== this.opening) return;
      const trouble =
        error instanceof DeviceTrouble ? error : new DeviceTrouble("microphone", causeOf(error));
      const { what, steps } = troubleWords(
        trouble,
        browserOf(navigator.userAgent),
        window.self !== window.top,
      );
      this.showTrouble(what, steps, true);
    }
  }

  private start(): void {
    this.sound.follow(this.stream, true);
    this.dictation?.start();
  }

  private changed(state: DictationState): void {
    const { dictation } = this;
    this.show(state, STATES[state]);
    this.part("live").textContent = STATES[state];
    if (state === "recording") this.part("stop").focus();
    if (state === "paused") this.part("resume").focus();
    if (state !== "done" || !dictation) return;
    this.release();
    this.listenUrl = URL.createObjectURL(dictation.file);
    this.part<HTMLAudioElement>("listen").src = this.listenUrl;
    const copy = this.part<HTMLAnchorElement>("copy");
    copy.href = this.listenUrl;
    copy.download = dictation.file.name;
    this.part("attach").focus();
  }

  private tick(seconds: number, before: number, left: number): void {
    this.part("time").textContent = clock(seconds);
    const words = lastMoments(before, left);
    if (words) this.part("live").textContent = words;
  }

  private attach(): void {
    const file = this.dictation?.file;
    if (!file) return;
    this.dictation = undefined;
    this.around.attach(file);
    this.close();
  }

  /** What was recorded until then is kept. */
  private unplugged(): void {
    if (this.dictation?.state === "ready" || !this.dictation) {
      const { what, steps } = troubleWords(
        new DeviceTrouble("microphone", "unplugged"),
        browserOf(navigator.userAgent),
        window.self !== window.top,
      );
      this.release();
      this.showTrouble(what, steps, true);
    } else this.dictation.stop();
  }

  private async fillMenu(): Promise<void> {
    const { microphone } = await menu();
    const select = this.part<HTMLSelectElement>("microphone");
    const used = this.stream?.getAudioTracks()[0]?.getSettings().deviceId;
    select.replaceChildren(
      ...microphone.map(
        ({ deviceId, label }, at) =>
          new Option(label || `Microphone ${at + 1}`, deviceId, false, deviceId === used),
      ),
    );
  }

  private showTrouble(what: string, steps: string[], again: boolean): void {
    this.show("trouble", "Record a word");
    this.part("trouble-text").textContent = what;
    this.part("trouble-steps").replaceChildren(
      ...steps.map((step) => Object.assign(document.createElement("li"), { textContent: step })),
    );
    this.part("trouble-again").hidden = !again;
    (again ? this.part("trouble-again") : this.part("cancel")).focus();
  }

  private show(state: DictationState | "opening" | "trouble", title: string): void {
    this.root.dataset.state = state;
    const under = state === "recording" || state === "paused";
    const shown: Record<string, boolean> = {
      trouble: state === "trouble",
      clock: under || state === "done",
      menu: state === "ready" && this.part<HTMLSelectElement>("microphone").options.length > 1,
      listen: state === "done",
      start: state === "ready",
      stop: under,
      pause: state === "recording",
      resume: state === "paused",
      attach: state === "done",
      again: state === "done",
      copy: state === "done",
    };
    for (const [name, yes] of Object.entries(shown)) this.part(name).hidden = !yes;
    this.part("cancel").textContent = state === "done" ? "Throw it away" : "Cancel";
    this.part("title").textContent = under || state === "done" ? "Your word" : title;
    this.part("state").textContent = under || state === "done" ? title : "";
    if (state === "opening" || state === "ready") this.part("time").textContent = "0:00";
  }

  /** The microphone's light goes out. */
  private release(): void {
    this.sound.end();
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = undefined;
  }

  private forget(): void {
    this.dictation?.stop();
    this.dictation = undefined;
    this.part<HTMLAudioElement>("listen").removeAttribute("src");
    if (this.listenUrl) URL.revokeObjectURL(this.listenUrl);
    this.listenUrl = "";
  }

  private readonly part = <T extends HTMLElement = HTMLElement>(name: string): T =>
    this.root.querySelector<T>(`[data-word-part=${name}]`) as T;
}
