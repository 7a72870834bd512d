import { Asking } from "./roster/asking";
import { startChoosing } from "./roster/choosing";
import { MarkCell } from "./roster/mark-cell";
import { Numbers } from "./roster/numbers";

const root = document.querySelector<HTMLElement>("[data-roster]");

if (root) {
  const said = root.querySelector<HTMLElement>("[data-said]");
  const say = (text: string) => {
    if (said) said.textContent = text;
  };
  const cells: MarkCell[] = [];
  const unsaved = () => cells.some((cell) => cell.unsaved);
  const numbers = new Numbers(root, say, () => {
    if (!unsaved() && !root.querySelector("dialog[open]")) location.reload();
  });
  for (const place of root.querySelectorAll<HTMLElement>("[data-points]")) {
    cells.push(new MarkCell(place, { say, saved: () => numbers.changed() }));
  }
  window.addEventListener("online", () => {
    for (const cell of cells) cell.online();
  });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved()) event.preventDefault();
  });
  startChoosing(root);
  const dialog = root.querySelector<HTMLDialogElement>("[data-ask]");
  if (dialog) new Asking(root, dialog);
}
