import type Player from "video.js/dist/types/player";
import { forget, keep, kept } from "../browser-storage";
import { postForm, Refusal } from "../http";
import { showLocalTimes } from "../times";
import { CommentTrack } from "./track";

const players = new Map<Element, Player>();
const tracks = new Map<Element, CommentTrack>();

/** The lists of comments on the student's page. Their places may be drawn anew at any time: all is by delegation. */
export function startCommentLists(): void {
  document.addEventListener("reelmark-player", (event) => {
    const place = event.target as HTMLElement;
    const player = (event as CustomEvent<Player>).detail;
    players.set(place, player);
    player.on("dispose", () => players.delete(place));
    showCommentLists();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (!form.matches("[data-reply-form], [data-reply-delete]")) return;
    event.preventDefault();
    void send(form);
  });
  document.addEventListener("click", (event) => {
    const undo = (event.target as Element).closest<HTMLElement>("[data-comment-undo]");
    if (undo) void restore(undo);
  });
  document.addEventListener("input", (event) => {
    const form = (event.target as Element).closest<HTMLFormElement>("[data-reply-form]");
    if (form) keep(keyOf(form), text(form).value);
  });
  document.addEventListener("keydown", (event) => {
    const form = (event.target as Element).closest<HTMLFormElement>("[data-reply-form]");
    if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  showCommentLists();
}

/** Bring to life what has been drawn since: call it after places were drawn anew. */
export function showCommentLists(): void {
  for (const [list, track] of tracks) {
    if (list.isConnected && !track.player.isDisposed()) continue;
    track.end();
    tracks.delete(list);
  }
  for (const section of document.querySelectorAll<HTMLElement>("[data-comment-list]")) {
    const list = section.querySelector<HTMLElement>("[data-comment-items]");
    const video = section.id.replace("comments-", "");
    const place = document.querySelector(`[data-player][data-playback-url*="${video}"]`);
    const player = place && players.get(place);
    if (list && player && !tracks.has(list)) {
      for (const time of list.querySelectorAll<HTMLElement>("span[data-jump]")) makeButton(time);
      tracks.set(list, new CommentTrack(list, player));
    }
    for (const form of section.querySelectorAll<HTMLFormElement>("form[data-reply-form]")) bringBack(form);
  }
}

/** A time leads somewhere only where there is a player. */
function makeButton(time: HTMLElement): void {
  const button = document.createElement("button");
  button.type = "button";
  button.className = time.className;
  button.dataset.jump = "";
  button.textContent = time.textContent;
  const author = time.parentElement?.querySelector(".comment-author")?.textContent ?? "";
  button.setAttribute("aria-label", `Comment by ${author} at ${time.textContent}`);
  time.replaceWith(button);
}

/** What was typed before the page came again. */
function bringBack(form: HTMLFormElement): void {
  const before = kept<string>(keyOf(form));
  const area = text(form);
  if (!before?.trim() || before === area.defaultValue || area.value !== area.defaultValue) return;
  area.value = before;
  const fold = form.closest("details");
  if (fold) fold.open = true;
}

async function send(form: HTMLFormElement): Promise<void> {
  if (form.dataset.sending) return;
  form.dataset.sending = "1";
  const problem = form.querySelector<HTMLElement>("[data-error]");
  if (problem) problem.hidden = true;
  const deletes = form.dataset.replyDelete;
  const fields: Record<string, string> = deletes === undefined ? { text: text(form).value } : {};
  // Repeated after an answer that was lost, it is still the same reply.
  if (form.dataset.new !== undefined) {
    form.dataset.id ??= crypto.randomUUID?.() ?? "";
    fields.id = form.dataset.id;
  }
  const section = form.closest<HTMLElement>("[data-comment-list]");
  try {
    await postForm(form.action, fields);
    if (deletes === undefined) forget(keyOf(form));
    await redraw(section);
    say(section?.id, deletes === undefined ? "Your reply is sent." : "Your reply is deleted.", deletes);
  } catch (error) {
    const words =
      error instanceof Refusal && error.status !== 404
        ? error.inWords
        : "It was not taken: open the assignment from Moodle again. What you typed is kept here.";
    if (problem) {
      problem.hidden = false;
      problem.textContent = words;
    } else say(section?.id, words);
  } finally {
    delete form.dataset.sending;
  }
}

async function restore(undo: HTMLElement): Promise<void> {
  const section = undo.closest<HTMLElement>("[data-comment-list]");
  try {
    await postForm(undo.dataset.commentUndo ?? "", {});
    await redraw(section);
    say(section?.id, "Your reply is back.");
  } catch (error) {
    say(section?.id, error instanceof Refusal ? error.inWords : "That did not work.");
  }
}

/** This list as the server would draw it now; the player beside it goes on. */
async function redraw(section: HTMLElement | null): Promise<void> {
  if (!section) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(section.id);
  if (!fresh) return;
  section.replaceWith(document.adoptNode(fresh));
  showLocalTimes(fresh);
  showCommentLists();
}

function say(sectionId: string | undefined, words: string, undoUrl?: string): void {
  const place = document.getElementById(sectionId ?? "")?.querySelector<HTMLElement>("[data-comment-status]");
  if (!place) return;
  place.textContent = `${words} `;
  place.tabIndex = -1;
  // What had the focus is gone with the old list; whoever has gone on elsewhere stays there.
  const lost = document.activeElement === document.body;
  if (lost) place.focus({ preventScroll: true });
  if (undoUrl === undefined) return;
  const undo = document.createElement("button");
  undo.type = "button";
  undo.className = "button quiet small";
  undo.dataset.commentUndo = undoUrl;
  undo.textContent = "Undo";
  place.append(undo);
  if (lost) undo.focus({ preventScroll: true });
}

function text(form: HTMLFormElement): HTMLTextAreaElement {
  return form.querySelector("textarea") as HTMLTextAreaElement;
}

function keyOf(form: HTMLFormElement): string {
  return `reelmark:reply:${form.dataset.replyForm}`;
}
