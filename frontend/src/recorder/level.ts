const SPEECH = 0.02; // RMS of full scale: a calm voice at arm's length is above it, a quiet room below
const NOTHING = 0.0004; // a microphone that is switched off; the quietest room has more
const HEARD_AFTER = 300; // ms of speech, so that a knock on the table is not a voice
const SILENT_AFTER = 4000; // ms
const LONGEST_STEP = 200; // ms

export type Heard = "listening" | "heard" | "silent";

/** Whether somebody can be heard, from the loudness as it is measured again and again. */
export class LevelJudge {
  private last: number | undefined;
  private speech = 0;
  private quiet = 0;
  private state: Heard = "listening";

  /** Note a loudness (RMS, 0 to 1) at `at` (milliseconds), and say what it amounts to. */
  note(loudness: number, at: number): Heard {
    // A tab that slept must not count its sleep as sound or as silence.
    const passed = Math.min(at - (this.last ?? at), LONGEST_STEP);
    this.last = at;
    if (loudness >= SPEECH) this.speech += passed;
    if (this.speech >= HEARD_AFTER && loudness >= SPEECH) {
      this.state = "heard";
    }
    // Who has been heard may be silent for a while; only a dead microphone is worth a word then.
    const quiet = loudness < (this.state === "heard" ? NOTHING : SPEECH);
    this.quiet = quiet ? this.quiet + passed : 0;
    if (this.quiet >= SILENT_AFTER) {
      this.state = "silent";
      this.speech = 0;
    }
    return this.state;
  }
}

/** Root mean square of samples between -1 and 1. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length ? Math.sqrt(sum / samples.length) : 0;
}

/** How full the meter is, 0 to 1: by decibels from -60 to -6, since that is how loud things feel. */
export function fullness(rms: number): number {
  if (rms <= 0) return 0;
  return Math.min(1, Math.max(0, (20 * Math.log10(rms) + 60) / 54));
}
