/** The form of the mark. Whatever changes one of its fields says so by an `input` event that bubbles. */
export function startMarking(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-mark]");
  if (!form) return;
  const typed = () => new URLSearchParams(new FormData(form) as unknown as Record<string, string>).toString();
  const before = typed();
  let leaving = false;
  form.addEventListener("submit", () => {
    leaving = true;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && typed() !== before) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      const next = form.querySelector<HTMLButtonElement>("button[name=next]");
      form.requestSubmit(next ?? undefined);
    }
  });
}
