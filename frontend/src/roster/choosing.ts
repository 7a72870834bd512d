/** The boxes of the rows, and the bar that appears with how many are chosen. */
export function startChoosing(root: HTMLElement): void {
  const bar = root.querySelector<HTMLElement>("[data-bar]");
  const all = root.querySelector<HTMLInputElement>("[data-all]");
  const boxes = [...root.querySelectorAll<HTMLInputElement>("[data-choose]")];
  if (!bar || !all || boxes.length === 0) return;
  const everybody = bar.querySelector<HTMLInputElement>("[data-everybody]");
  const said = bar.querySelector<HTMLElement>("[data-chosen]");
  const none = bar.querySelector<HTMLElement>("[data-choose-none]");
  for (const element of [root.querySelector<HTMLElement>("[data-choose-page]"), none]) {
    if (element) element.hidden = false;
  }

  const show = () => {
    const whole = everybody?.checked ?? false;
    if (whole) for (const box of boxes) box.checked = true;
    const chosen = boxes.filter((box) => box.checked).length;
    all.checked = chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
    bar.hidden = chosen === 0;
    const text = chosen ? `${whole ? everybody?.dataset.everybody : chosen} chosen` : "";
    if (said && said.textContent !== text) said.textContent = text;
    for (const box of boxes) box.closest("tr")?.classList.toggle("chosen", box.checked);
  };
  root.addEventListener("change", (event) => {
    const box = event.target as HTMLInputElement;
    if (box === all) for (const one of boxes) one.checked = all.checked;
    // Who takes one out does not mean everybody any more.
    if (everybody && box !== everybody && boxes.some((one) => !one.checked)) everybody.checked = false;
    if (box === everybody && !everybody.checked) for (const one of boxes) one.checked = false;
    show();
  });
  none?.addEventListener("click", () => {
    for (const box of boxes) box.checked = false;
    if (everybody) everybody.checked = false;
    show();
    all.focus();
  });
  // What has the focus is not left under the bar, which lies over the end of the list.
  root.addEventListener("focusin", (event) => {
    const focused = event.target as HTMLElement;
    if (bar.hidden || bar.contains(focused) || focused.closest("dialog")) return;
    const [under, over] = [focused.getBoundingClientRect(), bar.getBoundingClientRect()];
    if (under.bottom > over.top && under.top < over.bottom) focused.scrollIntoView({ block: "center" });
  });
  // A browser keeps the boxes over a reload, and after going back.
  window.addEventListener("pageshow", show);
  show();
}
