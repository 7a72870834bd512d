import { bytes } from "../format";
import { fetchJson } from "../http";
import type { Status } from "./ticket";

/**
 * Fill in how much of each unfinished upload has arrived, as storage says. One that is all there needs nobody to choose
 * its file again: the server is told to look at it.
 * @returns true when one was, so that the page has news.
 */
export async function showArrived(root: ParentNode): Promise<boolean> {
  let whole = false;
  for (const place of root.querySelectorAll<HTMLElement>("[data-arrived]")) {
    const size = Number(place.dataset.size);
    const { arrived = "", complete } = place.dataset;
    try {
      const { received } = await fetchJson<Status>(arrived);
      place.textContent = size ? `${Math.floor((100 * received) / size)} %` : bytes(received);
      if (complete && received === size) {
        await fetchJson(complete, {});
        whole = true;
      }
    } catch {
      place.textContent ||= "where it broke off"; // the sentence around it still holds
    }
  }
  return whole;
}
