import { confirmed } from "../dialogs";
import { saveAlong, touched } from "../grading-room/beside";
import { postForm, Refusal } from "../http";
import { FileList } from "./file-list";
import { nameOf, startFileLists } from "./file-lists";
import { type Outgoing, Sending, whyNot } from "./sending";

let present: FilesPanel | undefined;
let listening = false;

/** Files and recorded words that go back with the mark. Can be called again for a new page. */
export function startFiles(): void {
  if (!listening) {
    listening = true;
    startFileLists();
    // A file dropped beside the zone would else replace the page, and with it what was typed.
    window.addEventListener("dragover", (event) => present?.over(event));
    window.addEventListener("dragleave", () => present?.left());
    window.addEventListener("drop", (event) => present?.dropped(event));
    window.addEventListener("beforeunload", (event) => {
      if (filesAreBusy()) event.preventDefault();
    });
    document.addEventListener("mark-released", () => void present?.refresh());
    saveAlong({ busy: filesAreBusy, settle: async (say) => (await present?.settle(say)) ?? "" });
  }
  const root = document.querySelector<HTMLElement>("[data-files]");
  if (present?.root === root) return;
  present?.end();
  present = root ? new FilesPanel(root) : undefined;
}

/** Something is on its way, or recorded and not attached: leaving the page would lose it. */
export function filesAreBusy(): boolean {
  return present?.busy ?? false;
}

class FilesPanel {
  private readonly list: FileList;
  private readonly zone: HTMLElement;
  private readonly input: HTMLInputElement;
  private readonly live: HTMLElement;
  private readonly dialog: HTMLDialogElement;
  private readonly running = new Set<Sending>();
  private word: { busy: boolean; end(): void } | undefined;

  constructor(readonly root: HTMLElement) {
    const part = <T extends HTMLElement>(name: string) => root.querySelector<T>(`[data-files-${name}]`) as T;
    this.zone = part("zone");
    this.input = part<HTMLInputElement>("input");
    this.live = part("live");
    this.dialog = part<HTMLDialogElement>("remove");
    this.list = new FileList(part("list"), root.dataset.files ?? "");
    this.input.addEventListener("change", () => this.takeChosen());
    root.addEventListener("submit", (event) => {
      const form = (event.target as Element).closest<HTMLFormElement>("[data-file-remove]");
      if (!form) return;
      event.preventDefault();
      void this.remove(form);
    });
    root.querySelector("[data-word-open]")?.addEventListener("click", () => void this.record());
    this.list.follow();
    this.takeChosen(); // while this script was still loading
  }

  get busy(): boolean {
    return this.running.size > 0 || (this.word?.busy ?? false);
  }

  /** Wait for what is on its way. */
  async settle(say: (words: string) => void): Promise<string> {
    if (this.word?.busy) return "What you recorded is not attached yet: attach it, or throw it away.";
    const names = [...this.running].map(({ name }) => name).join(", ");
    say(`Waiting until ${names} is attached…`);
    const arrived = await Promise.all([...this.running].map((sending) => sending.settled()));
    return arrived.every(Boolean) ? "" : `${names} is not attached: look at it below.`;
  }

  /** The list as it is now. */
  refresh(): Promise<void> {
    return this.list.refresh();
  }

  end(): void {
    this.list.end();
    this.word?.end();
    for (const sending of this.running) sending.stop();
  }

  over(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.zone.classList.toggle("is-over", this.root.contains(event.target as Node));
  }

  left(): void {
    this.zone.classList.remove("is-over");
  }

  dropped(event: DragEvent): void {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    this.left();
    this.take([...event.dataTransfer.files]);
  }

  private takeChosen(): void {
    const files = [...(this.input.files ?? [])];
    this.input.value = "";
    if (files.length) this.take(files);
  }

  private take(files: File[]): void {
    const most = Number(this.root.dataset.most);
    const accept = this.input.accept;
    const maxBytes = Number(this.root.dataset.maxBytes);
    const problems: string[] = [];
    let room = most - this.list.count - this.running.size;
    for (const file of files) {
      const problem = whyNot(file, { accept, maxBytes });
      if (problem) problems.push(`${file.name}: ${problem}`);
      else if (room-- <= 0)
        problems.push(`${file.name}: there are ${most} files, as many as may be. Remove one first.`);
      else this.send({ file, kind: "file" });
    }
    this.sayProblem(problems.join("\n"));
  }

  private send(outgoing: Outgoing): void {
    const sending = new Sending(this.root, outgoing, {
      beginUrl: this.root.dataset.files ?? "",
      say: (words) => {
        this.live.textContent = words;
      },
    });
    this.running.add(sending);
    void sending.done.then(async (arrived) => {
      this.running.delete(sending);
      if (!arrived) return void this.input.focus();
      await this.list.refresh();
      this.live.textContent = `${outgoing.file.name} is attached.`;
      touched();
    });
  }

  private async remove(form: HTMLFormElement): Promise<void> {
    const file = form.closest<HTMLElement>("[data-file]");
    if (!file) return;
    const place = this.dialog.querySelector("[data-files-remove-name]");
    if (place) place.textContent = nameOf(file);
    if (!(await confirmed(this.dialog))) return;
    try {
      await postForm(form.action, {});
      file.remove();
      this.sayProblem("");
      this.live.textContent = `${nameOf(file)} was removed.`;
      touched();
    } catch (error) {
      this.sayProblem(error instanceof Refusal ? error.inWords : "It could not be removed. Try again.");
    }
    await this.list.refresh();
    this.root.querySelector<HTMLElement>("h2")?.focus();
  }

  private async record(): Promise<void> {
    if (this.word) return;
    const place = this.root.querySelector<HTMLElement>("[data-word]");
    if (!place) return;
    if (this.list.count + this.running.size >= Number(this.root.dataset.most)) {
      this.sayProblem("There are as many files as may be. Remove one first.");
      return;
    }
    try {
      const { WordPanel } = await import("./audio-feedback");
      const opener = this.root.querySelector<HTMLElement>("[data-word-open]");
      if (opener) opener.hidden = true;
      this.word ??= new WordPanel(place, {
        attach: (file) => this.send({ file, kind: "audio" }),
        closed: () => {
          this.word = undefined;
          if (opener) opener.hidden = false;
          opener?.focus();
        },
      });
    } catch {
      this.sayProblem("The recorder could not be loaded. Check your connection and try again.");
    }
  }

  private sayProblem(words: string): void {
    const place = this.root.querySelector<HTMLElement>("[data-files-problem]");
    const text = this.root.querySelector<HTMLElement>("[data-files-problem-text]");
    if (!place || !text) return;
    text.textContent = words;
    place.hidden = !words;
  }
}
