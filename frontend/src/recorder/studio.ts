import type { Composition, Corner } from "./compose";
import { openDevices } from "./devices";
import { mix } from "./mix";
import { causeOf, type Device, DeviceTrouble } from "./trouble";

export type Choice = "camera" | "screen" | "screen-camera";

/** Where picture and sound come from, from the first look to the end of the recording. */
export class Studio {
  private screen: MediaStream | undefined;
  private devices: MediaStream | undefined;
  private composition: Composition | undefined;
  private mixer: ReturnType<typeof mix> | undefined;
  private closed = false;
  /** Without what the person has chosen to do without. */
  without = { camera: false, microphone: false };
  corner: Corner = "bottom-right";

  /** @param lost a source ended by itself: unplugged, or the sharing was stopped. */
  constructor(
    readonly choice: Choice,
    private readonly lost: (device: Device) => void,
  ) {}

  get needsScreen(): boolean {
    return this.choice !== "camera" && !this.screen;
  }

  /** Only right after a press: a browser asks for a screen at no other time. @throws DeviceTrouble */
  async shareScreen(): Promise<void> {
    const wish: DisplayMediaStreamOptions & Record<string, unknown> = {
      video: { width: { max: 1920 }, height: { max: 1080 }, frameRate: { ideal: 24, max: 30 } },
      audio: true, // of a tab, and on Windows of the whole computer, where the person ticks it
      surfaceSwitching: "include",
      systemAudio: "include",
    };
    let screen: MediaStream;
    try {
      screen = await navigator.mediaDevices.getDisplayMedia(wish);
    } catch (error) {
      throw new DeviceTrouble("screen", causeOf(error));
    }
    this.stop(this.screen);
    this.screen = this.keep(screen);
    this.watch(screen.getVideoTracks(), "screen");
    await this.recompose();
  }

  /** Camera and microphone, or those that this choice needs. @throws DeviceTrouble */
  async openDevices(): Promise<void> {
    const camera = this.choice !== "screen" && !this.without.camera;
    const microphone = !this.without.microphone;
    this.stop(this.devices); // first: phones have only one camera open at a time
    this.devices = undefined;
    if (!camera && !microphone) return this.recompose();
    const devices = await openDevices({ camera, microphone });
    this.stop(this.devices); // of another choice, made while this one was still opening
    this.devices = this.keep(devices);
    this.watch(devices.getVideoTracks(), "camera");
    this.watch(devices.getAudioTracks(), "microphone");
    await this.recompose();
  }

  /** What is seen now, and what will be recorded. */
  get picture(): MediaStream | undefined {
    return this.composition?.stream ?? (this.choice === "camera" ? this.devices : this.screen);
  }

  /** What is heard: the microphone, else the shared tab. */
  get sound(): MediaStream | undefined {
    return [this.devices, this.screen].find((stream) => stream?.getAudioTracks().length);
  }

  /** The device in use, for the menus. */
  using(kind: "camera" | "microphone"): string | undefined {
    const tracks = kind === "camera" ? this.devices?.getVideoTracks() : this.devices?.getAudioTracks();
    return tracks?.[0]?.getSettings().deviceId;
  }

  setCorner(corner: Corner): void {
    this.corner = corner;
    this.composition?.setCorner(corner);
  }

  /** One stream to record. */
  recorded(): MediaStream {
    const sounds = [this.devices, this.screen].filter((stream) => stream?.getAudioTracks().length);
    this.mixer?.close();
    this.mixer = sounds.length > 1 ? mix(sounds as MediaStream[]) : undefined;
    const sound = this.mixer ? [this.mixer.track] : (sounds[0]?.getAudioTracks() ?? []);
    return new MediaStream([...(this.picture?.getVideoTracks() ?? []), ...sound]);
  }

  close(): void {
    this.closed = true;
    this.composition?.close();
    this.mixer?.close();
    this.stop(this.screen);
    this.stop(this.devices);
  }

  private async recompose(): Promise<void> {
    this.decompose();
    if (this.choice !== "screen-camera" || !this.screen || !this.devices?.getVideoTracks().length) return;
    const { compose } = await import("./compose");
    const composition = await compose(this.screen, this.devices, this.corner);
    this.decompose(); // another's, as in openDevices
    this.composition = composition;
    if (this.closed) this.decompose();
  }

  private decompose(): void {
    this.composition?.close();
    this.composition = undefined;
  }

  /** The person may have gone back while the browser was still asking; then the camera must not stay on. */
  private keep(stream: MediaStream): MediaStream {
    if (this.closed) this.stop(stream);
    return stream;
  }

  private watch(tracks: MediaStreamTrack[], device: Device): void {
    for (const track of tracks) {
      track.addEventListener("ended", () => {
        if (device === "screen") {
          this.stop(this.screen);
          this.screen = undefined;
        }
        this.lost(device);
      });
    }
  }

  private stop(stream: MediaStream | undefined): void {
    for (const track of stream?.getTracks() ?? []) track.stop();
  }
}
