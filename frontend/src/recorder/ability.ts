/** Where the screen can be recorded: in this page, only in a whole window, or not on this device. */
export type ScreenAbility = "here" | "window" | "none";

export interface Surroundings {
  /** The browser knows how to share a screen. */
  display: boolean;
  /** What the page's permission policy says of it; undefined where the browser does not tell. */
  allowed: boolean | undefined;
  framed: boolean;
  phone: boolean;
}

/** Moodle's frame passes on camera and microphone but not the screen, so there a whole window is needed. */
export function screenAbility({ display, allowed, framed, phone }: Surroundings): ScreenAbility {
  if (!display) return framed && !phone ? "window" : "none";
  if (allowed ?? !framed) return "here";
  return framed ? "window" : "none";
}

export function surroundings(): Surroundings {
  return {
    display: typeof navigator.mediaDevices?.getDisplayMedia === "function",
    allowed: allowedByPolicy("display-capture"),
    framed: window.self !== window.top,
    phone: isPhone(),
  };
}

/** undefined where the browser (Firefox, Safari) does not tell. */
export function allowedByPolicy(feature: string): boolean | undefined {
  const policy = (document as { featurePolicy?: { allowsFeature(name: string): boolean } }).featurePolicy;
  return policy?.allowsFeature(feature);
}

/** Tablets count: no browser on them shares a screen. */
function isPhone(): boolean {
  const data = (navigator as { userAgentData?: { mobile: boolean } }).userAgentData;
  // An iPad says that it is a Mac; but no Mac has a touch screen.
  const iPad = navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1;
  return data?.mobile || iPad || /Android|iPhone|iPad|Mobile/.test(navigator.userAgent);
}

/** Why nothing at all can be recorded here; empty when something can. */
export function whyNoRecording(): string {
  if (!window.isSecureContext)
    return "Recording needs a secure address (https). Ask the person who runs this site, or upload a file.";
  if (!navigator.mediaDevices?.getUserMedia || typeof MediaRecorder === "undefined")
    return "This browser cannot record. Use a current Chrome, Edge, Firefox or Safari, or record with another app and upload the file.";
  return "";
}
