import { bytes } from "../format";
import { postForm, Refusal } from "../http";
import type { Ticket } from "../uploads/ticket";

/** `audio`: a word that was recorded here, and is nowhere else. */
export interface Outgoing {
  file: File;
  kind: "file" | "audio";
}

interface Surroundings {
  beginUrl: string;
  /** To those who do not see the bar. */
  say(words: string): void;
}

const STAGES = {
  preparing: "Preparing",
  sending: "Sending",
  waiting: "Connection trouble: trying again by itself",
  offline: "Connection lost: goes on when you are online again",
  checking: "Arrived: being looked at",
};

/** Why a file cannot be attached, before anything is sent; empty when it can. The server checks again. */
export function whyNot(
  file: { name: string; size: number },
  { accept, maxBytes }: { accept: string; maxBytes: number },
): string {
  const ending = /\.[^.]+$/.exec(file.name.toLowerCase())?.[0] ?? "";
  if (!accept.split(",").includes(ending))
    return "a file of this type cannot be attached. Choose a PDF, picture, office, text or audio file.";
  if (file.size === 0) return "it is empty.";
  if (file.size > maxBytes) return `it is ${bytes(file.size)}; the limit is ${bytes(maxBytes)}.`;
  return "";
}

/** One file on its way: a row with a bar, Cancel, and Try again where it broke. */
export class Sending {
  /** False where it was called off. */
  readonly done: Promise<boolean>;
  private readonly row: HTMLElement;
  private running: AbortController | undefined;
  private ticket: Ticket | undefined;
  private end: (arrived: boolean) => void = () => undefined;
  private copyUrl = "";
  private broken = false;
  private waiting: ((arrived: boolean) => void)[] = [];

  constructor(
    root: HTMLElement,
    private readonly outgoing: Outgoing,
    private readonly around: Surroundings,
  ) {
    const template = root.querySelector<HTMLTemplateElement>("[data-files-row]") as HTMLTemplateElement;
    this.row = template.content.firstElementChild?.cloneNode(true) as HTMLElement;
    const list = root.querySelector<HTMLElement>("[data-files-sending]") as HTMLElement;
    list.append(this.row);
    list.hidden = false;
    this.part("name").textContent = outgoing.file.name;
    this.part("bar").setAttribute("aria-label", outgoing.file.name);
    this.part("cancel").setAttribute("aria-label", `Cancel ${outgoing.file.name}`);
    this.part("cancel").addEventListener("click", () => void this.cancel());
    this.part("retry").addEventListener("click", () => void this.start());
    this.done = new Promise((resolve) => {
      this.end = (arrived) => {
        this.row.remove();
        list.hidden = !list.children.length;
        if (this.copyUrl) URL.revokeObjectURL(this.copyUrl);
        this.tell(true);
        resolve(arrived);
      };
    });
    void this.start();
  }

  get name(): string {
    return this.outgoing.file.name;
  }

  /** Resolves when nothing goes on by itself any more: false where somebody has to try again. */
  settled(): Promise<boolean> {
    return this.broken ? Promise.resolve(false) : new Promise((resolve) => this.waiting.push(resolve));
  }

  private tell(arrived: boolean): void {
    for (const resolve of this.waiting.splice(0)) resolve(arrived);
  }

  /** The page goes: without a word. */
  stop(): void {
    this.running?.abort();
  }

  private async start(): Promise<void> {
    const { file, kind } = this.outgoing;
    const running = new AbortController();
    this.running = running;
    this.broken = false;
    this.part("error").hidden = true;
    this.part("retry").hidden = true;
    this.around.say(`Sending ${file.name}`);
    try {
      const { transfer } = await import("../uploads/transfer");
      await transfer(
        file,
        { beginUrl: this.around.beginUrl, described: { kind } },
        {
          stage: (stage) => {
            this.part("words").textContent = `${STAGES[stage]} · ${bytes(file.size)}`;
            if (stage === "waiting" || stage === "offline") this.around.say(STAGES[stage]);
          },
          begun: (ticket) => {
            this.ticket = ticket;
          },
          progress: (sent) => {
            this.part<HTMLProgressElement>("bar").value = (100 * sent) / file.size;
          },
        },
        running.signal,
      );
      this.end(true);
    } catch (error) {
      if (!running.signal.aborted) this.failed(error);
    }
  }

  private failed(error: unknown): void {
    const { file, kind } = this.outgoing;
    const words =
      error instanceof Refusal
        ? error.inWords.replace("Press Try again, or choose another file.", "Press Try again.")
        : "It could not be sent. Press Try again.";
    this.part("error").textContent = words;
    this.part("error").hidden = false;
    this.part("words").textContent = `Not attached · ${bytes(file.size)}`;
    this.part("retry").hidden = false;
    this.broken = true;
    this.tell(false);
    if (kind === "audio") {
      const copy = this.part<HTMLAnchorElement>("copy");
      this.copyUrl ||= URL.createObjectURL(file);
      copy.href = this.copyUrl;
      copy.download = file.name;
      copy.hidden = false;
    }
    this.around.say(`${file.name} was not attached. ${words}`);
  }

  private async cancel(): Promise<void> {
    this.running?.abort(new DOMException("cancelled", "AbortError"));
    this.end(false);
    this.around.say("Cancelled.");
    // Where that is not heard, it is cleaned up after a day.
    if (this.ticket) await postForm(this.ticket.urls.remove, {}).catch(() => undefined);
  }

  private part<T extends HTMLElement = HTMLElement>(name: string): T {
    return this.row.querySelector<T>(`[data-sending=${name}]`) as T;
  }
}
