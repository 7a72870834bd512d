import { postForm } from "../http";

const watched = new WeakSet<Element>();
let observer: IntersectionObserver | undefined;

/**
 * Tell the server once that its student has what came back before their eyes: really in sight, in a tab that is shown.
 * A tab behind others, or a folded attempt, was not seen. Call it again for what was drawn since.
 */
export function watchReturned(root: ParentNode = document): void {
  observer ??= new IntersectionObserver(tell, { threshold: 0.5 });
  for (const place of root.querySelectorAll<HTMLElement>("[data-seen-url]")) {
    const mark = place.querySelector(".mark-points") ?? place;
    if (watched.has(mark)) continue;
    watched.add(mark);
    observer.observe(mark);
  }
}

function tell(entries: IntersectionObserverEntry[]): void {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) void seen(target);
  }
}

async function seen(mark: Element): Promise<void> {
  const place = mark.closest<HTMLElement>("[data-seen-url]");
  if (!place) return;
  if (document.hidden) {
    document.addEventListener("visibilitychange", () => again(mark), { once: true });
    return;
  }
  observer?.unobserve(mark);
  try {
    await postForm(place.dataset.seenUrl ?? "", { release: place.dataset.release ?? "" });
    delete place.dataset.seenUrl;
  } catch {
    watched.delete(mark); // offline: the next time that the page is looked at
  }
}

/** Is it in sight now? Observing anew is answered at once. */
function again(mark: Element): void {
  observer?.unobserve(mark);
  observer?.observe(mark);
}
