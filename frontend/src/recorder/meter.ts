import { fullness, type Heard, LevelJudge, loudness } from "./level";

const EVERY = 80; // ms

/** Listens to a stream's sound; says how full the meter is and whether somebody is heard. */
export function listen(stream: MediaStream, show: (full: number, heard: Heard) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const judge = new LevelJudge();
  let shown = 0;
  const timer = window.setInterval(() => {
    // Without a press of a key or button in this page the browser holds sound back, and silence would mean nothing.
    if (context.state !== "running") return void context.resume();
    analyser.getFloatTimeDomainData(samples);
    const rms = loudness(samples);
    shown = Math.max(fullness(rms), shown - 0.08); // falls slowly, as meters do
    show(shown, judge.note(rms, performance.now()));
  }, EVERY);
  return () => {
    window.clearInterval(timer);
    void context.close();
  };
}
