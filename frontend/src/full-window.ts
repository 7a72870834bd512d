import { fetchJson, Refusal } from "./http";

/**
 * Open this page in a whole window, with `search` as its query. The frame's cookie does not exist there, so the window is let in by a ticket.
 * The window is opened before the ticket is asked for: later, a browser would take it for a pop-up.
 */
export async function openFullWindow(ticketUrl: string, search = location.search): Promise<void> {
  const opened = window.open("", "_blank");
  try {
    const { url } = await fetchJson<{ url: string }>(ticketUrl, {});
    const place = location.pathname.replace(/^\/l\/[^/]+\//, "") + search;
    const address = `${url}&to=${encodeURIComponent(place)}`;
    if (opened) opened.location.href = address;
    else location.href = address;
  } catch (error) {
    opened?.close();
    alert(error instanceof Refusal ? error.inWords : "The window could not be opened.");
  }
}
