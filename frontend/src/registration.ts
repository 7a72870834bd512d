/** Ends a dynamic registration: the platform closes its frame or window (LTI Dynamic Registration 1.0, 3.7). */
export function closeRegistration(): void {
  const platform: Window = window.opener ?? window.parent;
  // To any origin: it says nothing but "done", and who framed us is not ours to know here.
  platform.postMessage({ subject: "org.imsglobal.lti.close" }, "*");
}

/** Keeps the command below the form in step with what is typed. */
export function buildCommand(form: HTMLFormElement): void {
  const output = document.querySelector<HTMLElement>(`#${form.dataset.builds}`);
  if (!output) return;
  const show = () => {
    const fields = [...form.querySelectorAll("input")];
    output.textContent = `python manage.py register_platform ${fields.map((field) => `--${field.name} ${quoted(field.value)}`).join(" ")}`;
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
}

/** As a POSIX shell reads it back unchanged. */
export function quoted(value: string): string {
  const text = value.trim();
  if (!text) return "…";
  return /^[\w:/.@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
