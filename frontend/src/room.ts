import { startPlayers } from "./player/player";

void startPlayers();

const form = document.querySelector<HTMLFormElement>("form[data-grade]");
if (form) {
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
for (const select of document.querySelectorAll<HTMLSelectElement>("select[data-goes]")) {
  select.addEventListener("change", () => select.form?.requestSubmit());
}
