import { expect, it, vi } from "vitest";
import { Studio } from "../../src/recorder/studio";

class Track extends EventTarget {
  stopped = false;
  stop(): void {
    this.stopped = true;
  }
}

it("leaves no camera on that was asked for while another was still opening", async () => {
  const opened: Track[] = [];
  const answers: (() => void)[] = [];
  const getUserMedia = () =>
    new Promise((resolve) => {
      answers.push(() => {
        const track = new Track();
        opened.push(track);
        resolve({ getTracks: () => [track], getVideoTracks: () => [track], getAudioTracks: () => [] });
      });
    });
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia } });
  const studio = new Studio("camera", vi.fn());

  const both = [studio.openDevices(), studio.openDevices()]; // two presses of an arrow key in the menu of cameras
  for (const answer of answers) answer();
  await Promise.all(both);
  expect(opened.filter((track) => !track.stopped)).toHaveLength(1);
  studio.close();

  expect(opened.filter((track) => !track.stopped)).toHaveLength(0);
});
