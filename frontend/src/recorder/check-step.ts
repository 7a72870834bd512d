import type { ScreenAbility } from "./ability";
import type { Corner } from "./compose";
import { choose, menu } from "./devices";
import { freeRoom, type Limit, limitWords, roomWords } from "./estimate";
import { type Places, show } from "./places";
import type { SoundLine } from "./sound-line";
import { type Choice, Studio } from "./studio";
import { browserOf, causeOf, type Device, DeviceTrouble, troubleWords } from "./trouble";

const TITLES: Record<Choice, string> = {
  camera: "Check picture and sound",
  screen: "Check screen and sound",
  "screen-camera": "Check screen, picture and sound",
};

export interface CheckEvents {
  start(studio: Studio): void;
  back(): void;
  /** Something ended while it was not this step that showed it. */
  lost(device: Device): void;
  /** There is no camera: the screen instead. */
  screenInstead(): void;
}

/** Before the recording: is the picture right, is somebody heard, how long may it be. */
export class CheckStep {
  private studio: Studio | undefined;
  private gone: Device | undefined;

  constructor(
    private readonly places: Places,
    private readonly sound: SoundLine,
    private readonly limit: Limit,
    private readonly screen: ScreenAbility,
    private readonly events: CheckEvents,
  ) {
    places.share.addEventListener("click", () => void this.share());
    places.start.addEventListener("click", () => this.studio && events.start(this.studio));
    places.back.addEventListener("click", () => {
      this.close();
      events.back();
    });
    places.troubleAgain.addEventListener("click", () => {
      if (this.studio?.needsScreen) void this.share();
      else void this.open();
    });
    for (const kind of ["camera", "microphone"] as const) {
      places[kind].addEventListener("change", () => {
        choose(kind, places[kind].value);
        void this.open();
      });
    }
    places.corner.addEventListener("change", () => this.studio?.setCorner(places.corner.value as Corner));
  }

  /** @param pressed a button has just been pressed for it: only then may a screen be asked for. */
  enter(choice: Choice, pressed: boolean): void {
    const { places } = this;
    this.gone = undefined;
    this.studio = new Studio(choice, (device) => this.lost(device));
    this.studio.setCorner(places.corner.value as Corner);
    show([places.studio, places.check], true);
    show([places.bar, places.running, places.counting, places.trouble, places.start, places.share], false);
    places.title.textContent = TITLES[choice];
    places.stage.classList.toggle("is-mirror", choice === "camera");
    places.facts.textContent = limitWords(this.limit);
    void freeRoom().then((free) => {
      places.facts.textContent = `${limitWords(this.limit)} ${roomWords(free, this.limit)}`;
    });
    places.title.focus();
    if (choice === "camera") void this.open();
    else if (pressed) void this.share();
    else this.wait("Choose a tab, a window or the whole screen.", { share: true });
  }

  /** Back from a countdown that was cancelled, or that ended because a source was lost. */
  again(studio: Studio): void {
    show([this.places.check], true);
    this.places.title.textContent = TITLES[studio.choice];
    this.places.start.focus();
    if (this.gone) this.fail(new DeviceTrouble(this.gone, "unplugged"));
    this.gone = undefined;
  }

  /** The browser would not begin to record. */
  cannotStart(): void {
    this.fail(new DeviceTrouble("camera", "unknown"));
  }

  /** Whatever is open is closed: the light of the camera goes out. */
  close(): void {
    this.studio?.close();
    this.studio = undefined;
    this.sound.end();
    this.places.picture.srcObject = null;
    show([this.places.studio, this.places.check, this.places.trouble], false);
  }

  private async share(): Promise<void> {
    const { studio } = this;
    if (!studio) return;
    this.wait("Your browser asks now: choose a tab, a window or the whole screen.");
    try {
      await studio.shareScreen();
    } catch (error) {
      if (studio === this.studio) this.fail(error);
      return;
    }
    await this.open();
  }

  private async open(): Promise<void> {
    const { studio } = this;
    if (!studio) return;
    const asked = studio.choice === "screen" ? "the microphone" : "camera and microphone";
    if (!studio.picture) this.wait(`Starting. If your browser asks for ${asked}, choose Allow.`);
    try {
      await studio.openDevices();
      if (studio !== this.studio) return;
      await this.ready(studio);
    } catch (error) {
      if (studio === this.studio) this.fail(error);
      if (!(error instanceof DeviceTrouble)) throw error;
    }
  }

  private async ready(studio: Studio): Promise<void> {
    const { places } = this;
    if (studio.needsScreen) return this.wait("Choose a tab, a window or the whole screen.", { share: true });
    show([places.waiting, places.trouble, places.share], false);
    show([places.stage, places.facts], true);
    // A screen can be chosen again; the camera has its menu.
    show([places.start], true);
    places.picture.srcObject = studio.picture ?? null;
    void places.picture.play().catch(() => undefined);
    this.sound.follow(studio.sound);
    await this.fillMenus(studio);
    places.cornerField.hidden = studio.choice !== "screen-camera" || studio.without.camera;
    if (document.activeElement === document.body) places.start.focus();
    places.studio.scrollIntoView({ block: "nearest" });
  }

  private async fillMenus(studio: Studio): Promise<void> {
    const there = await menu();
    for (const kind of ["camera", "microphone"] as const) {
      const used = studio.using(kind);
      const devices = there[kind].filter((device) => device.deviceId);
      this.places[kind].replaceChildren(
        ...devices.map((device, at) => {
          const name = device.label || `${kind === "camera" ? "Camera" : "Microphone"} ${at + 1}`;
          return new Option(name, device.deviceId, false, device.deviceId === used);
        }),
      );
      this.places[`${kind}Field`].hidden = used === undefined || !devices.length;
    }
  }

  private wait(words: string, { share = false } = {}): void {
    const { places } = this;
    show(
      [places.start, places.trouble, places.cameraField, places.microphoneField, places.cornerField],
      false,
    );
    places.share.hidden = !share;
    places.picture.srcObject = null;
    show([places.stage, places.facts, places.waiting], true);
    places.waiting.textContent = words;
    this.sound.end();
    if (share) places.share.focus();
  }

  private lost(device: Device): void {
    if (this.places.check.hidden) {
      this.gone = device;
      this.events.lost(device);
    } else this.fail(new DeviceTrouble(device, "unplugged"));
  }

  private fail(error: unknown): void {
    const { places, studio } = this;
    if (!studio) return;
    const trouble = error instanceof DeviceTrouble ? error : new DeviceTrouble("camera", causeOf(error));
    const words = troubleWords(trouble, browserOf(navigator.userAgent), window.self !== window.top);
    const screen = trouble.device === "screen";
    this.wait(screen ? words.what : "", { share: screen });
    // Where there is nothing to see, the words come first.
    show([places.stage, places.facts], false);
    places.trouble.hidden = false;
    places.troubleText.textContent = words.what;
    const steps = [...words.steps];
    const way = this.otherWay(trouble.device, studio);
    if (trouble.device.startsWith("camera") && studio.choice === "camera")
      steps.push("Without a camera you can record your screen, or record with a phone and upload the file.");
    places.troubleSteps.replaceChildren(
      ...steps.map((step) => {
        const item = document.createElement("li");
        item.textContent = step;
        return item;
      }),
    );
    places.troubleAgain.hidden = screen;
    places.troubleWithout.hidden = !way;
    places.troubleWithout.textContent = way?.name ?? "";
    places.troubleWithout.onclick = way ? () => way.go() : null;
    if (!screen) places.troubleAgain.focus();
  }

  /** How to go on without what could not be had. */
  private otherWay(device: Device, studio: Studio): { name: string; go: () => void } | undefined {
    const without = (what: "camera" | "microphone", name: string) => ({
      name,
      go: () => {
        studio.without[what] = true;
        void this.open();
      },
    });
    if (device === "microphone")
      return without("microphone", studio.sound ? "Record without the microphone" : "Record without sound");
    if (device === "screen") return undefined;
    if (studio.choice === "screen-camera") return without("camera", "Record without the camera");
    if (studio.choice === "screen" || this.screen === "none") return undefined;
    return { name: "Record the screen instead", go: () => this.events.screenInstead() };
  }
}
