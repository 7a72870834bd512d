import type Player from "video.js/dist/types/player";
import { forget, keep, kept } from "../browser-storage";
import { type Config, find } from "./data";
import { CommentForm, type Said, type Typed } from "./form";
import { exactClock } from "./moments";

/** Where a new comment is typed: the film waits, and goes on afterwards. What was typed stays until it is saved. */
export class Composer {
  readonly form: CommentForm;
  private readonly place: HTMLElement;
  private readonly key: string;
  private goesOn = false;
  private back: Element | null = null;
  private onlyHere = false;

  constructor(
    private readonly root: HTMLElement,
    private readonly player: Player | undefined,
    config: Config,
    saved: (said: Said) => void,
  ) {
    this.key = `reelmark:comment:${config.attempt}:${config.person}`;
    this.place = find(root, "[data-composer]");
    this.place.hidden = true;
    this.form = new CommentForm(root, "comment", "new", player, config.duration, {
      saved: (said) => {
        // What another tab has kept there since is its own.
        if (kept<Typed>(this.key)?.text.trim() === said.text) forget(this.key);
        this.onlyHere = false;
        this.form.fill({ at: "", until: "", text: "" });
        saved(said);
        this.close();
      },
      closed: () => this.close(),
      typed: (typed) => this.keep(typed),
    });
    this.place.append(this.form.element);
    const before = kept<Typed>(this.key);
    if (before?.text.trim()) {
      this.form.fill(before);
      this.show(true);
    }
    window.addEventListener("beforeunload", (event) => {
      if (this.onlyHere && this.form.typed.text.trim()) event.preventDefault();
    });
  }

  /** Hold the film and type. What was typed before is there, with its time. */
  open(text = ""): void {
    if (this.player && !this.player.paused()) {
      this.goesOn = true;
      this.player.pause();
    }
    if (this.place.hidden) {
      this.back = document.activeElement;
      const before = this.form.typed;
      if (!before.text.trim())
        this.form.fill({ at: exactClock(this.player?.currentTime() ?? 0), until: "", text: "" });
      this.show(before.text.trim() !== "");
    }
    if (text) this.form.insert(text);
    this.form.focus();
    this.bringUp();
  }

  /** Whether it is open with something typed. */
  get waits(): boolean {
    return !this.place.hidden && this.form.typed.text.trim() !== "";
  }

  private show(wasTyped: boolean): void {
    this.place.hidden = false;
    find(this.place, "[data-kept]").hidden = !wasTyped;
  }

  /** Below the film, where that stays in sight, with as much of the form as fits. */
  private bringUp(): void {
    const box = this.root.closest(".room-video");
    const film = this.player?.el().closest("[data-player]");
    if (!box || !film || getComputedStyle(film).position !== "sticky") return;
    const above = film.getBoundingClientRect().bottom;
    const { top, bottom } = this.form.element.getBoundingClientRect();
    const over = bottom - box.getBoundingClientRect().bottom;
    if (top < above) box.scrollTop -= above - top;
    else if (over > 0) box.scrollTop += Math.min(over, top - above);
  }

  private close(): void {
    this.place.hidden = true;
    // Where nothing was focused, the keys of the page and of the film work on from the film.
    const back = this.back instanceof HTMLElement && this.back !== document.body ? this.back : undefined;
    const film = this.player?.el() as HTMLElement | undefined;
    const button = find(this.root, "[data-compose]");
    (back?.isConnected ? back : (film ?? button)).focus({ preventScroll: true });
    this.back = null;
    if (this.goesOn) void this.player?.play()?.catch(() => undefined);
    this.goesOn = false;
  }

  private keep(typed: Typed): void {
    if (typed.text.trim()) this.onlyHere = !keep(this.key, typed);
    else forget(this.key);
  }
}
