import { forget, keep, kept } from "../browser-storage";
import { fetchJson, Refusal } from "../http";
import { type BankEntry, type Config, copyOf, find } from "./data";

interface Answer {
  bank: BankEntry[];
}

type Fields = Pick<BankEntry, "text" | "criterion"> & { key: string; points: string };

/** The marker's own comments, and the dialog that keeps them. */
export class Bank {
  entries: BankEntry[];
  private readonly dialog = document.querySelector("[data-bank]") as HTMLDialogElement;
  private readonly form = find<HTMLFormElement>(this.dialog, "[data-bank-form]");
  private editing: BankEntry | undefined;

  /** @param changed called whenever `entries` did. */
  constructor(
    private readonly config: Config,
    private readonly changed: () => void,
  ) {
    this.entries = config.bank;
    const criteria = find(this.dialog, "datalist");
    criteria.append(...config.criteria.map(({ title }) => new Option(title, title)));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.save();
    });
    this.form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      event.stopPropagation();
      this.form.requestSubmit();
    });
    find(this.form, "[data-bank-cancel]").addEventListener("click", () => this.edit(undefined));
    this.form.addEventListener("input", () => this.keep());
    this.draw();
    this.restore();
  }

  onKey(key: string): BankEntry | undefined {
    return this.entries.find((entry) => String(entry.key) === key);
  }

  open(): void {
    this.say("");
    this.dialog.showModal(); // what was typed there before is still there
  }

  /** @throws Refusal */
  async add(text: string): Promise<void> {
    this.take(await fetchJson<Answer>(this.config.bankUrl, { text }));
  }

  private take({ bank }: Answer): void {
    this.entries = bank;
    this.draw();
    this.changed();
  }

  private async save(): Promise<void> {
    const fields = Object.fromEntries(new FormData(this.form)) as Fields;
    const editing = this.editing;
    const problem = find(this.form, "[data-error]");
    problem.hidden = true;
    try {
      this.take(await fetchJson<Answer>(`${this.config.bankUrl}${editing ? `${editing.id}/` : ""}`, fields));
      this.say(editing ? "Changed." : "Added to your bank.");
      // What was typed on in the meantime is the next one's.
      const now = Object.fromEntries(new FormData(this.form));
      if (JSON.stringify(now) === JSON.stringify(fields)) this.edit(undefined);
      else this.editing = undefined;
    } catch (error) {
      problem.textContent = words(error);
      problem.hidden = false;
    }
  }

  private async remove(entry: BankEntry): Promise<void> {
    try {
      this.take(await fetchJson<Answer>(`${this.config.bankUrl}${entry.id}/delete/`, {}));
      if (this.editing?.id === entry.id) this.edit(undefined, false);
      const { text, criterion } = entry;
      const again = { text, criterion, key: entry.key ?? "", points: entry.points ?? "" };
      this.say("Deleted.", async () => this.take(await fetchJson<Answer>(this.config.bankUrl, again)));
    } catch (error) {
      this.say(words(error));
    }
  }

  private get key(): string {
    return `reelmark:bank:${this.config.person}`;
  }

  /** What is typed outlives the page: the dialog is closed by Escape, and the next student comes. */
  private keep(): void {
    const fields = Object.fromEntries(new FormData(this.form)) as Fields;
    if (fields.text.trim()) keep(this.key, { fields, editing: this.editing?.id });
    else forget(this.key);
  }

  private restore(): void {
    const before = kept<{ fields: Fields; editing?: string }>(this.key);
    if (!before) return;
    this.edit(
      this.entries.find(({ id }) => id === before.editing),
      false,
    );
    this.fill(before.fields);
    this.keep();
  }

  private fill(values: Fields): void {
    for (const [name, value] of Object.entries(values)) {
      const field = this.form.elements.namedItem(name) as HTMLInputElement | null;
      if (field) field.value = value;
    }
  }

  private edit(entry: BankEntry | undefined, focus = true): void {
    this.editing = entry;
    forget(this.key);
    const values: Fields = {
      text: entry?.text ?? "",
      criterion: entry?.criterion ?? "",
      key: String(entry?.key ?? ""),
      points: entry?.points ?? "",
    };
    this.fill(values);
    find(this.form, "[data-error]").hidden = true;
    find(this.form, "[data-bank-form-title]").textContent = entry ? "Change a comment" : "Add a comment";
    find(this.form, "[data-bank-save]").textContent = entry ? "Save" : "Add";
    find(this.form, "[data-bank-cancel]").hidden = !entry;
    if (focus) find(this.form, "textarea").focus();
  }

  private draw(): void {
    find(this.dialog, "[data-bank-none]").hidden = this.entries.length > 0;
    find(this.dialog, "[data-bank-list]").replaceChildren(...this.entries.map((entry) => this.item(entry)));
  }

  private item(entry: BankEntry): HTMLElement {
    const item = copyOf(this.dialog, "[data-bank-template]");
    const key = find(item, "[data-key]");
    if (entry.key === null) key.replaceWith(document.createElement("span"));
    else key.textContent = String(entry.key);
    find(item, "[data-text]").textContent = entry.text;
    const gives = find(item, "[data-gives]");
    gives.hidden = !entry.criterion;
    if (entry.criterion) gives.textContent = `${entry.points} points on “${entry.criterion}”`;
    const short = entry.text.slice(0, 30);
    const edit = find(item, "[data-edit]");
    edit.setAttribute("aria-label", `Edit “${short}”`);
    edit.addEventListener("click", () => this.edit(entry));
    const remove = find(item, "[data-delete]");
    remove.setAttribute("aria-label", `Delete “${short}”`);
    remove.addEventListener("click", () => void this.remove(entry));
    return item;
  }

  private say(text: string, undo?: () => Promise<void>): void {
    const place = find(this.dialog, "[data-bank-status]");
    place.textContent = text;
    if (!undo) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button quiet small";
    button.textContent = "Undo";
    button.addEventListener("click", () => {
      undo().then(
        () => this.say("It is back."),
        (error) => this.say(words(error)),
      );
      find(this.form, "textarea").focus();
    });
    place.append(" ", button);
    button.focus();
  }
}

function words(error: unknown): string {
  if (!(error instanceof Refusal)) return "That did not work.";
  if (error.code === "session_ended") return "Your session has ended: open the assignment from Moodle again.";
  return error.inWords;
}
