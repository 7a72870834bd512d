import { storageOf } from "../browser-storage";
import type { Fields } from "./fields";

/** What was typed of one mark: on top of which version of it, and when (ms). */
export interface Draft {
  fields: Fields;
  version: number;
  at: number;
  /** By what marks were counted then: points, way of marking, rubric. */
  terms?: string;
  /** Of one that was set aside: whose mark it is. */
  whose?: "mine" | "theirs";
}

const PREFIX = "reelmark-mark:";
const KEPT_FOR = 30 * 24 * 3600 * 1000;

/** What one person typed of one attempt's mark, kept on this device: it outlives a reload, and an ended session. */
export class Drafts {
  private readonly key: string;
  private readonly store: Storage | undefined;

  /** @param terms by what marks are counted on this page. */
  constructor(
    person: string,
    attempt: string,
    store = storageOf("localStorage"),
    private readonly terms = "",
  ) {
    this.key = `${PREFIX}${person}:${attempt}`;
    this.store = store;
  }

  /** False where this browser keeps nothing. */
  get work(): boolean {
    return this.store !== undefined;
  }

  /** Whether its numbers mean what they would mean here. */
  fits(draft: Draft): boolean {
    return (draft.terms ?? this.terms) === this.terms;
  }

  keep(draft: Omit<Draft, "at" | "terms">, place: "typed" | "aside" = "typed"): boolean {
    try {
      this.store?.setItem(this.place(place), JSON.stringify({ ...draft, terms: this.terms, at: Date.now() }));
      return this.work;
    } catch {
      return false; // full
    }
  }

  find(place: "typed" | "aside" = "typed"): Draft | undefined {
    try {
      const draft = JSON.parse(this.store?.getItem(this.place(place)) ?? "null");
      return draft && typeof draft.fields === "object" ? draft : undefined;
    } catch {
      return undefined;
    }
  }

  forget(place: "typed" | "aside" = "typed"): void {
    try {
      this.store?.removeItem(this.place(place));
    } catch {
      // It is found again, and is then what the server has.
    }
  }

  /** Drop everybody's that are a month old. */
  clear(now = Date.now()): void {
    for (const key of Object.keys(this.store ?? {}).filter((name) => name.startsWith(PREFIX))) {
      try {
        if (!(now - JSON.parse(this.store?.getItem(key) ?? "").at < KEPT_FOR)) this.store?.removeItem(key);
      } catch {
        this.store?.removeItem(key);
      }
    }
  }

  private place(place: "typed" | "aside"): string {
    return place === "typed" ? this.key : `${this.key}:aside`;
  }
}
