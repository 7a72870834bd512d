import { allowedByPolicy } from "./ability";
import { causeOf, type Device, DeviceTrouble } from "./trouble";

export interface Wanted {
  camera: boolean;
  microphone: boolean;
}

type Kind = "camera" | "microphone";
const KINDS: Record<Kind, MediaDeviceKind> = { camera: "videoinput", microphone: "audioinput" };

/** Camera and microphone as last chosen, where they are still there. @throws DeviceTrouble */
export async function openDevices({ camera, microphone }: Wanted): Promise<MediaStream> {
  for (const [kind, wanted] of [["camera", camera] as const, ["microphone", microphone] as const]) {
    if (wanted && allowedByPolicy(kind) === false) throw new DeviceTrouble(kind, "forbidden");
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      video: camera && cameraWish(),
      audio: microphone && { ...chosen("microphone"), noiseSuppression: true, echoCancellation: true },
    });
  } catch (error) {
    const cause = causeOf(error);
    const device = camera && microphone ? await whichOfBoth(cause) : camera ? "camera" : "microphone";
    throw new DeviceTrouble(device, cause);
  }
}

function cameraWish(): MediaTrackConstraints {
  return {
    ...chosen("camera"),
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30, max: 30 },
  };
}

/** Asked for both at once, a browser does not say which of them it could not give. */
async function whichOfBoth(cause: string): Promise<Device> {
  if (cause === "denied") {
    const [camera, microphone] = await Promise.all([permission("camera"), permission("microphone")]);
    if (camera === "granted" && microphone !== "granted") return "microphone";
    if (microphone === "granted" && camera !== "granted") return "camera";
    return "camera and microphone";
  }
  const there = await menu();
  if (!there.camera.length && !there.microphone.length) return "camera and microphone";
  if (!there.camera.length) return "camera";
  if (!there.microphone.length) return "microphone";
  try {
    const alone = await navigator.mediaDevices.getUserMedia({ video: cameraWish() });
    for (const track of alone.getTracks()) track.stop();
    return "microphone";
  } catch {
    return "camera";
  }
}

async function permission(name: Kind): Promise<PermissionState | undefined> {
  try {
    return (await navigator.permissions.query({ name: name as PermissionName })).state;
  } catch {
    return undefined; // Firefox and older Safari do not know these names
  }
}

/** What can be chosen from; names are empty until the person has allowed one. */
export async function menu(): Promise<Record<Kind, MediaDeviceInfo[]>> {
  const all = await navigator.mediaDevices.enumerateDevices();
  const of = (kind: Kind) => all.filter((device) => device.kind === KINDS[kind]);
  return { camera: of("camera"), microphone: of("microphone") };
}

/** Kept for the next time, where the browser lets a frame keep anything. */
export function choose(kind: Kind, id: string): void {
  now[kind] = id;
  try {
    localStorage.setItem(`reelmark-${kind}`, id);
  } catch {
    // third-party storage is blocked: it is asked again next time
  }
}

const now: Partial<Record<Kind, string>> = {};

function chosen(kind: Kind): MediaTrackConstraints {
  let id = now[kind];
  try {
    id ??= localStorage.getItem(`reelmark-${kind}`) ?? undefined;
  } catch {
    // as above
  }
  return id ? { deviceId: { ideal: id } } : {};
}
