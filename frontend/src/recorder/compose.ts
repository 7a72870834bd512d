export type Corner = "bottom-right" | "bottom-left" | "top-right" | "top-left";

const FRAMES = 24; // a second
const SHARE = 0.22; // of the picture's width that the camera takes
const MARGIN = 0.02;

export interface Composition {
  stream: MediaStream;
  setCorner(corner: Corner): void;
  close(): void;
}

/** The screen with the camera's picture in a corner, drawn on a canvas. */
export async function compose(
  screen: MediaStream,
  camera: MediaStream,
  corner: Corner,
): Promise<Composition> {
  const [back, face] = await Promise.all([playing(screen), playing(camera)]);
  const canvas = document.createElement("canvas");
  // The size is kept when a shared window changes its own: most players cannot follow a change.
  ({ width: canvas.width, height: canvas.height } = within(back.videoWidth, back.videoHeight));
  const context = canvas.getContext("2d", { alpha: false });
  if (!context) throw new Error("this browser gives no canvas to draw on");
  const draw = () => {
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    const shown = fitted(back.videoWidth, back.videoHeight, canvas.width, canvas.height);
    context.drawImage(back, shown.x, shown.y, shown.width, shown.height);
    const spot = place(corner, canvas.width, canvas.height);
    context.save();
    context.beginPath();
    context.roundRect(spot.x, spot.y, spot.width, spot.height, spot.height * 0.14);
    context.clip();
    const cut = cropped(face.videoWidth, face.videoHeight, spot.width / spot.height);
    context.drawImage(face, cut.x, cut.y, cut.width, cut.height, spot.x, spot.y, spot.width, spot.height);
    context.restore();
    // On a page as white as the wall behind the person, an edge tells them apart.
    context.lineWidth = spot.height * 0.02;
    context.strokeStyle = "rgb(255 255 255 / 85%)";
    context.stroke();
  };
  draw();
  const worker = new Worker(new URL("./tick-worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = draw;
  worker.postMessage(1000 / FRAMES);
  const stream = canvas.captureStream(FRAMES);
  return {
    stream,
    setCorner(next) {
      corner = next;
    },
    close() {
      worker.terminate();
      for (const track of stream.getTracks()) track.stop();
      back.srcObject = null;
      face.srcObject = null;
    },
  };
}

async function playing(stream: MediaStream): Promise<HTMLVideoElement> {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream(stream.getVideoTracks());
  await video.play();
  return video;
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** At most 1080p, and even: H.264 has no odd sizes. */
export function within(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, 1920 / width, 1080 / height);
  const even = (value: number) => Math.max(2, 2 * Math.round((value * scale) / 2));
  return { width: even(width), height: even(height) };
}

/** All of a picture inside another one's size, in the middle. */
export function fitted(width: number, height: number, intoWidth: number, intoHeight: number): Box {
  const scale = Math.min(intoWidth / (width || 1), intoHeight / (height || 1));
  const box = { width: width * scale, height: height * scale };
  return { x: (intoWidth - box.width) / 2, y: (intoHeight - box.height) / 2, ...box };
}

/** The middle of a picture, in another shape. */
export function cropped(width: number, height: number, shape: number): Box {
  const box = width / height > shape ? { width: height * shape, height } : { width, height: width / shape };
  return { x: (width - box.width) / 2, y: (height - box.height) / 2, ...box };
}

/** Where the camera's picture goes: 4 to 3, a little away from the edges. */
export function place(corner: Corner, width: number, height: number): Box {
  const gap = Math.round(width * MARGIN);
  const box = { width: Math.round(width * SHARE), height: Math.round((width * SHARE * 3) / 4) };
  return {
    x: corner.endsWith("right") ? width - box.width - gap : gap,
    y: corner.startsWith("bottom") ? height - box.height - gap : gap,
    ...box,
  };
}
