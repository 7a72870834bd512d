import type { Heard } from "./level";
import { listen } from "./meter";
import type { Places } from "./places";

const WORDS: Record<Heard, string> = {
  listening: "Say something: we listen.",
  heard: "We heard you.",
  silent:
    "We hear nothing: speak up, see that the microphone is not muted (on the headset too), or choose another.",
};

/** The level meter and what is said beside it; the same while checking and while recording. */
export class SoundLine {
  private stop: (() => void) | undefined;
  private last: Heard | undefined;

  constructor(private readonly places: Pick<Places, "sound" | "level" | "heard" | "live">) {}

  follow(stream: MediaStream | undefined, quietly = false): void {
    this.end();
    this.places.sound.hidden = false;
    if (!stream) {
      this.say("silent", "Without sound.");
      return;
    }
    this.say("listening", WORDS.listening);
    this.stop = listen(stream, (full, heard) => {
      this.places.level.style.setProperty("--level", full.toFixed(2));
      if (heard === this.last) return;
      this.say(heard, WORDS[heard]);
      // Once each is enough for the ear; the meter moves all the time.
      if (!quietly) this.places.live.textContent = WORDS[heard];
    });
  }

  end(): void {
    this.stop?.();
    this.stop = undefined;
    this.places.sound.hidden = true;
    this.places.level.style.setProperty("--level", "0");
  }

  private say(heard: Heard, words: string): void {
    this.last = heard;
    this.places.sound.dataset.heard = heard;
    this.places.heard.textContent = words;
  }
}
