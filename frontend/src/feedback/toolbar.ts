/** WAI-ARIA's pattern of a toolbar: Tab stops at it once; arrows, Home and End go from button to button. */
export function roveIn(toolbar: HTMLElement): void {
  const buttons = [...toolbar.querySelectorAll<HTMLButtonElement>("button")];
  const stopAt = (wanted: HTMLButtonElement | undefined) => {
    for (const button of buttons) button.tabIndex = button === wanted ? 0 : -1;
  };
  stopAt(buttons[0]);
  toolbar.addEventListener("focusin", (event) =>
    stopAt((event.target as Element).closest("button") ?? buttons[0]),
  );
  toolbar.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(event.target as HTMLButtonElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    buttons[(to + buttons.length) % buttons.length]?.focus();
  });
}
