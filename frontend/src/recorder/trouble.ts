export type Device = "camera" | "microphone" | "camera and microphone" | "screen";
export type Cause = "denied" | "missing" | "busy" | "forbidden" | "unplugged" | "unknown";

/** A camera, microphone or screen that could not be had. */
export class DeviceTrouble extends Error {
  constructor(
    readonly device: Device,
    override readonly cause: Cause,
  ) {
    super(`${device}: ${cause}`);
  }
}

/** By the names of the standard (Media Capture and Streams, 10.2), and what browsers make of them. */
export function causeOf(error: unknown): Cause {
  if (error instanceof DeviceTrouble) return error.cause;
  switch ((error as { name?: string } | undefined)?.name) {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError": // Windows: another program has it; macOS: the system does not let the browser
    case "AbortError":
      return "busy";
    default:
      return "unknown";
  }
}

export type Browser = "chrome" | "edge" | "firefox" | "safari" | "iphone" | "android";

export function browserOf(userAgent: string): Browser {
  if (/iPhone|iPad|iPod/.test(userAgent)) return "iphone"; // every browser there is Safari inside
  if (/Edg\//.test(userAgent)) return "edge";
  if (/Firefox\//.test(userAgent)) return "firefox";
  if (/Android/.test(userAgent)) return "android";
  if (/Chrome\/|Chromium\//.test(userAgent)) return "chrome";
  return /Safari\//.test(userAgent) ? "safari" : "chrome";
}

export interface Words {
  what: string;
  steps: string[];
}

/** What happened, and what to do about it in this browser. `framed`: the address bar shows Moodle's address. */
export function troubleWords({ device, cause }: DeviceTrouble, browser: Browser, framed: boolean): Words {
  if (device === "screen") return screenWords(cause, browser);
  switch (cause) {
    case "denied":
      return {
        what: `Your browser does not let this page use the ${device}.`,
        steps: [...allow(device, browser, framed), "Then press Try again."],
      };
    case "missing":
      return {
        what: `No ${device.replace(" and ", " or ")} was found.`,
        steps: [
          device === "microphone"
            ? "Plug in a microphone or headset, or switch it on."
            : "Plug it in or switch it on; some laptops have a key or a slider for the camera.",
          "Then press Try again.",
        ],
      };
    case "unplugged":
      return {
        what: `The ${device} was disconnected.`,
        steps: [`Connect it again, or choose another ${device}.`, "Then press Try again."],
      };
    case "forbidden":
      return {
        what: `Moodle's frame does not allow the ${device}.`,
        steps: ["Press Full window at the top of this page, and record there."],
      };
    default:
      return {
        what: `The ${device} could not be started.`,
        steps: [
          "Close other programs and tabs that may be using it, such as a video call.",
          "Look into your computer's privacy settings: this browser must be allowed to use it.",
          "Then press Try again. If that does not help, restart the browser.",
        ],
      };
  }
}

function allow(device: Device, browser: Browser, framed: boolean): string[] {
  const whose = framed ? "Moodle's address" : "the address";
  const both = device === "camera and microphone" ? "Camera and Microphone" : capital(device);
  switch (browser) {
    case "firefox":
      return [
        `Click the crossed-out ${device} sign to the left of ${whose}, at the top of the window.`,
        "Remove “Blocked” there.",
      ];
    case "safari":
      return [
        "Open the Safari menu, then Settings for This Website.",
        `Set ${both} to Allow.`,
        `If it is there already: System Settings, Privacy & Security, ${both}, and switch Safari on.`,
      ];
    case "iphone":
      return [
        "Tap the sign beside the address, then the three dots or Website Settings.",
        `Set ${both} to Allow.`,
        `In another browser than Safari: open the Settings app, tap the browser’s name, and switch ${both} on.`,
      ];
    case "android":
      return [
        `Tap the sign to the left of ${whose}, then Permissions.`,
        `Allow ${both}.`,
        "If it is not listed: Android's Settings, Apps, your browser, Permissions.",
      ];
    default:
      return [
        `Click the sign to the left of ${whose}, at the top of the window.`,
        `Switch ${both} on.`,
        browser === "edge"
          ? "If that is not enough: Windows Settings, Privacy & security, and let Microsoft Edge use it."
          : "If that is not enough: let the browser use it in your computer's privacy settings.",
      ];
  }
}

function screenWords(cause: Cause, browser: Browser): Words {
  if (cause === "denied" && browser === "safari")
    return {
      what: "No screen was shared.",
      steps: [
        "Press Choose what to share, and allow it when Safari asks.",
        "If it does not ask: System Settings, Privacy & Security, Screen Recording, and switch Safari on.",
      ],
    };
  if (cause === "denied")
    return {
      what: "No screen was shared.",
      steps: [
        "Press Choose what to share, pick a tab, a window or the whole screen, then Share.",
        "On a Mac: System Settings, Privacy & Security, Screen Recording, and switch your browser on.",
      ],
    };
  if (cause === "unplugged") return { what: "Sharing was stopped.", steps: ["Press Choose what to share."] };
  return {
    what: "The screen could not be shared.",
    steps: ["Press Choose what to share to try again. If that does not help, restart the browser."],
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
