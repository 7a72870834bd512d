/** The check page: checks are tried as the page opens, one after the other (those that write only when asked), and again. */

interface Result {
  state: "good" | "warning" | "bad";
  found: string;
  fix: string;
}

const UNKNOWN: Result = {
  state: "bad",
  found: "This check could not be run.",
  fix: "Reload the page; if your session has ended, open the activity from Moodle again.",
};

async function run(form: HTMLFormElement): Promise<Result> {
  try {
    const response = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
    });
    return response.ok ? ((await response.json()) as Result) : UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}

async function tryOne(item: HTMLElement, form: HTMLFormElement): Promise<void> {
  const found = item.querySelector<HTMLElement>("[data-found]");
  const fix = item.querySelector<HTMLElement>("[data-fix]");
  const word = form.querySelector<HTMLElement>("[data-word]");
  if (!found || !fix || !word || item.className === "check running") return;
  item.className = "check running";
  found.textContent = "Trying…";
  fix.hidden = true;
  const result = await run(form);
  item.className = `check ${result.state}`;
  found.textContent = result.found;
  fix.textContent = result.fix;
  fix.hidden = !result.fix;
  word.textContent = "Retry";
}

const items = [...document.querySelectorAll<HTMLElement>("[data-check]")];
for (const item of items) {
  const form = item.querySelector("form");
  // Before the page's own listener, which lets a form be sent once.
  form?.addEventListener(
    "submit",
    (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      void tryOne(item, form);
    },
    { capture: true },
  );
}

async function tryAll(): Promise<void> {
  for (const item of items) {
    const form = item.querySelector("form");
    if (form && !("asked" in item.dataset)) await tryOne(item, form);
  }
}

// A page that answers a button pressed without scripts shows its result; anything else starts.
if (!items.some((item) => item.matches(".good, .warning, .bad"))) void tryAll();
