import type { BankEntry, Criterion } from "./data";

/**
 * Give an entry's points on the criterion of its name, in the form of the mark.
 * @returns what was done, in words, empty for nothing; and how to undo it.
 */
export function givePoints(
  entry: BankEntry,
  criteria: readonly Criterion[],
): { words: string; undo: () => void } {
  const nothing = { words: "", undo: () => undefined };
  const form = document.querySelector<HTMLFormElement>("form[data-mark]");
  const name = folded(entry.criterion);
  const criterion = criteria.find(({ title }) => folded(title) === name);
  if (!form || !name || entry.points === null || !criterion) return nothing;
  if (Number(entry.points) > Number(criterion.points))
    return {
      ...nothing,
      words: `“${criterion.title}” takes at most ${criterion.points} points here: they were left as they are.`,
    };
  const levels = [...form.querySelectorAll<HTMLInputElement>("input[type=radio]")].filter(
    ({ name }) => name === `level-${criterion.id}`,
  );
  const field = form.elements.namedItem(`points-${criterion.id}`);
  const points = field instanceof HTMLInputElement ? field : undefined;
  const before = { level: levels.find((level) => level.checked), points: points?.value ?? "" };
  const put = (level: HTMLInputElement | undefined, typed: string) => {
    for (const one of levels) one.checked = one === level;
    if (points) points.value = typed;
    (level ?? points ?? form).dispatchEvent(new Event("input", { bubbles: true }));
    (level ?? points ?? form).dispatchEvent(new Event("change", { bubbles: true }));
  };
  const level = levels.find(({ dataset }) => Number(dataset.points) === Number(entry.points));
  if (!level && !points) return nothing;
  put(level, level ? "" : entry.points);
  return {
    words: `${entry.points} points on “${criterion.title}”.`,
    undo: () => put(before.level, before.points),
  };
}

function folded(text: string): string {
  return text.trim().replaceAll(/\s+/g, " ").toLocaleLowerCase();
}
