import { storageOf } from "../browser-storage";

/** A signed address, and until when it holds. */
export interface Grant {
  src: string;
  type: string;
  expires_at: string;
}

const AT_LEAST = 60_000; // ms that an address must last to be worth taking

/**
 * Keep an address for the page that comes next in this tab: the browser has begun to load the video by it.
 * @returns false where this browser keeps nothing.
 */
export function keepGrant(url: string, grant: Grant, store = storageOf("sessionStorage")): boolean {
  const { src, type, expires_at } = grant;
  store?.setItem(key(url), JSON.stringify({ src, type, expires_at }));
  return store !== undefined;
}

/** Take it, once, if it still lasts. */
export function takeGrant(url: string, store = storageOf("sessionStorage")): Grant | undefined {
  try {
    const grant = JSON.parse(store?.getItem(key(url)) ?? "null");
    store?.removeItem(key(url));
    return grant && Date.parse(grant.expires_at) - Date.now() > AT_LEAST ? grant : undefined;
  } catch {
    return undefined;
  }
}

function key(url: string): string {
  return `reelmark-grant:${url}`;
}
