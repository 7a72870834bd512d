import { showLocalTimes } from "../times";

export type Choice = "mine" | "theirs" | "both";

interface Words {
  title: string;
  one: string;
  other: string;
  mine: string;
  theirs: string;
}

const OF_TWO_MARKERS: Words = {
  title: "Two marks for the same work",
  one: "Yours",
  other: "Saved meanwhile",
  mine: "Keep mine",
  theirs: "Take theirs",
};
export const OF_ONE_KEPT: Words = {
  title: "Kept on this device, and saved",
  one: "Kept here",
  other: "Saved now",
  mine: "Take what is kept here",
  theirs: "Leave what is saved",
};

/**
 * Show both marks (`html` of the server) and let one choose; undefined where one closes it without. It may come while
 * somebody types, so no button has the focus.
 * @param kept whether the other one stays on this device.
 */
export function choose(html: string, kept: boolean, words = OF_TWO_MARKERS): Promise<Choice | undefined> {
  const dialog = document.querySelector<HTMLDialogElement>("dialog#two-marks");
  const place = dialog?.querySelector<HTMLElement>("[data-two]");
  if (!dialog || !place) return Promise.resolve(undefined);
  place.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  showLocalTimes(place);
  put(dialog, "#two-marks-title", words.title);
  put(place, "[data-one]", words.one);
  put(place, "[data-other]", words.other);
  put(dialog, "[data-keep=mine]", words.mine);
  put(dialog, "[data-keep=theirs]", words.theirs);
  const hint = dialog.querySelector<HTMLElement>("[data-two-hint]");
  if (hint) hint.hidden = !kept;
  const both = dialog.querySelector<HTMLElement>("[data-keep=both]");
  if (both) both.hidden = !place.querySelector("[data-feedbacks]");
  return new Promise((resolve) => {
    let choice: Choice | undefined;
    const chosen = (event: Event) => {
      const button = (event.target as Element).closest<HTMLElement>("[data-keep]");
      if (!button) return;
      choice = button.dataset.keep as Choice;
      dialog.close();
    };
    dialog.addEventListener("click", chosen);
    const closed = () => {
      dialog.removeEventListener("click", chosen);
      resolve(choice);
    };
    dialog.addEventListener("close", closed, { once: true });
    if (!dialog.open) dialog.showModal();
  });
}

function put(root: ParentNode, selector: string, text: string): void {
  const place = root.querySelector(selector);
  if (place) place.textContent = text;
}
