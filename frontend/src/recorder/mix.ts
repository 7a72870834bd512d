/** One sound track of several streams' sound. */
export function mix(streams: MediaStream[]): { track: MediaStreamTrack; close: () => void } {
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  for (const stream of streams) context.createMediaStreamSource(stream).connect(out);
  void context.resume();
  const [track] = out.stream.getAudioTracks();
  if (!track) throw new Error("the mixer gave no sound track");
  return { track, close: () => void context.close() };
}
