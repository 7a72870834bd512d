import { forget, keep, kept } from "../browser-storage";
import { postForm, Refusal } from "../http";
import { showLocalTimes } from "../times";
import { saveAlong } from "./beside";
import { type Fields, fill as fillAll, read, served } from "./fields";

const QUIET = 1000; // ms without typing before it is kept
const NEWS_EVERY = 30_000; // ms

/** Double marking: one's own mark is kept as it is typed; once others' are in, one of them may be taken. */
export function startOwnMarks(): void {
  if (!panel()) return;
  let keeper = start();
  saveAlong({
    busy: () => keeper?.waits ?? false,
    settle: async () =>
      ((await keeper?.keepNow()) ?? true) ? "" : "Your own mark is not saved yet: look at it above.",
  });
  document.addEventListener("click", (event) => {
    const pressed = (event.target as Element).closest<HTMLElement>("[data-takes]");
    if (pressed) take(pressed.dataset.takes ?? "");
  });
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (!form.matches("[data-own-mark], [data-own-change]")) return;
    event.preventDefault();
    const sent = form.matches("[data-own-mark]") ? keeper?.give() : change(form);
    void sent?.then(async (done) => {
      if (done) keeper = await refresh();
    });
  });
  const look = async () => {
    if (!document.hidden && panel()?.matches("[data-waits-for-others]")) keeper = await refresh(false);
  };
  document.addEventListener("visibilitychange", () => void look());
  window.setInterval(() => void look(), NEWS_EVERY);
}

function panel(): HTMLElement | null {
  return document.querySelector<HTMLElement>("#own-marks");
}

function start(): Keeper | undefined {
  const form = panel()?.querySelector<HTMLFormElement>("form[data-own-mark]");
  return form ? new Keeper(form) : undefined;
}

/** Keeps what is typed of one's own mark, and gives it. One request at a time: the last typed is the last kept. */
class Keeper {
  private timer = 0;
  private kept: string;
  private going: Promise<void> = Promise.resolve();

  constructor(private readonly form: HTMLFormElement) {
    this.kept = asText(served(form));
    this.restore();
    if (this.typed() !== this.kept) this.later();
    form.addEventListener("input", () => {
      this.remember();
      this.later();
    });
    window.addEventListener("pagehide", () => this.leave());
    window.addEventListener("beforeunload", (event) => {
      if (form.isConnected && form.dataset.failed && this.typed() !== this.kept) event.preventDefault();
    });
  }

  /** Whether something typed is not on the server. */
  get waits(): boolean {
    return this.form.isConnected && this.typed() !== this.kept;
  }

  /** Keep what is typed, now; false where the server did not take it. */
  async keepNow(): Promise<boolean> {
    window.clearTimeout(this.timer);
    await this.going;
    return !this.waits || this.send({});
  }

  private get key(): string {
    const person = document.querySelector<HTMLElement>("form[data-mark]")?.dataset.person ?? "";
    return `reelmark-own:${person}:${new URL(this.form.action, location.href).pathname}`;
  }

  /** On this device too: the line may be down when the page goes. `on`: what it was typed on top of. */
  private remember(): void {
    if (this.typed() === this.kept) forget(this.key);
    else keep(this.key, { on: this.kept, typed: this.typed() });
  }

  private restore(): void {
    const before = kept<{ on: string; typed: string }>(this.key);
    if (before?.on === this.kept) fillAll(this.form, Object.fromEntries(new URLSearchParams(before.typed)));
    else forget(this.key);
  }

  /** True when it counts from now on. */
  async give(): Promise<boolean> {
    window.clearTimeout(this.timer);
    await this.going;
    return this.send({ give: "1" });
  }

  private later(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.going = this.going.then(async () => {
        if (this.form.isConnected && this.typed() !== this.kept) await this.send({});
      });
    }, QUIET);
  }

  private async send(more: Record<string, string>): Promise<boolean> {
    const typed = this.typed();
    this.say("Saving…");
    try {
      await postForm(this.form.action, { ...Object.fromEntries(new URLSearchParams(typed)), ...more });
    } catch (error) {
      this.say("");
      this.fail(error, !more.give);
      return false;
    }
    this.kept = typed;
    this.remember();
    delete this.form.dataset.failed;
    this.say(more.give ? "" : "Kept; it does not count before you give it.");
    this.problem("");
    return true;
  }

  private fail(error: unknown, again: boolean): void {
    this.form.dataset.failed = "1";
    const refused = error instanceof Refusal ? error : undefined;
    this.problem(refused ? refused.inWords : "Your own mark was not saved. Try again.");
    if (again && refused?.willPass) this.later();
  }

  /** The page goes: what was not kept yet is sent along. */
  private leave(): void {
    if (!this.form.isConnected || this.typed() === this.kept) return;
    const headers = { Accept: "application/json" };
    void fetch(this.form.action, {
      method: "POST",
      keepalive: true,
      headers,
      body: new FormData(this.form), // with the token: it is no fetchJson
    });
  }

  private typed(): string {
    return asText(read(this.form));
  }

  private say(text: string): void {
    const place = this.form.querySelector("[data-own-state]");
    if (place) place.textContent = text;
  }

  private problem(text: string): void {
    const place = this.form.querySelector<HTMLElement>("[data-own-problem]");
    if (!place) return;
    place.hidden = !text;
    place.textContent = text;
  }
}

async function change(form: HTMLFormElement): Promise<boolean> {
  try {
    await postForm(form.action, { change: "1" });
  } catch {
    // Another marker was faster: the fresh panel shows it.
  }
  return true;
}

/** The panel as the server would draw it now, and whether points can be agreed; what is typed below stays. */
async function refresh(focus = true): Promise<Keeper | undefined> {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return undefined;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ["own-marks", "agreed-head"]) {
    const next = fresh.getElementById(id);
    if (next) document.getElementById(id)?.replaceWith(next);
  }
  document
    .querySelector(".agreed")
    ?.toggleAttribute("data-waits", !!fresh.querySelector(".agreed[data-waits]"));
  const drawn = panel();
  if (drawn) showLocalTimes(drawn);
  if (focus) drawn?.querySelector<HTMLElement>("h2")?.focus();
  return start();
}

/** Put a mark into the form of the agreed one, as if it had been typed. */
function take(which: string): void {
  const form = document.querySelector<HTMLFormElement>("form[data-mark]");
  const all = document.querySelector("#own-mark-takes")?.textContent;
  if (!form || !all) return;
  const fields = (JSON.parse(all) as Record<string, Record<string, string>>)[which];
  for (const [name, value] of Object.entries(fields ?? {})) fill(form, name, value);
  const said = document.querySelector("[data-taken]");
  if (said) said.textContent = "Filled in below as the agreed mark.";
}

/** Names and values are those that the form would send. */
export function fill(form: HTMLFormElement, name: string, value: string): void {
  for (const field of form.elements) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement) || field.name !== name)
      continue;
    if (field.type === "radio" && "checked" in field) field.checked = value !== "" && field.value === value;
    else if (field.type === "checkbox" && "checked" in field) field.checked = value !== "";
    else field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function asText(fields: Fields): string {
  return new URLSearchParams(fields).toString();
}
