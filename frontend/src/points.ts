/** Points as they are typed and shown. They are counted in whole hundredths, so that sums are exact. */

/** Hundredths of typed points, with a point or a comma; undefined for what is no number from 0 with two decimals. */
export function hundredths(typed: string): number | undefined {
  const text = typed.trim().replace(",", ".");
  const number = Number(text);
  if (!text || !Number.isFinite(number) || number < 0) return undefined;
  const whole = Math.round(number * 100);
  return Math.abs(number * 100 - whole) < 1e-6 ? whole : undefined;
}

/** `7.5` of 750. */
export function short(points: number): string {
  return String(points / 100);
}

/**
 * The points for these scores, scaled from the rubric's to the assignment's; undefined until every criterion has some.
 * As `from_rubric` in `video/grading/marks.py`, half hundredths to the even one too: change both. All in hundredths.
 */
export function fromRubric(
  scores: readonly (number | undefined)[],
  most: number,
  maximum: number,
): number | undefined {
  if (!scores.length || scores.includes(undefined)) return undefined;
  if (!most) return 0;
  const product = sum(scores) * maximum; // at most 30 · 999,900 · 999,900: exact
  const whole = Math.floor(product / most);
  const rest = 2 * (product - whole * most);
  return rest > most || (rest === most && whole % 2 === 1) ? whole + 1 : whole;
}

/** Of those that there are. */
export function sum(scores: readonly (number | undefined)[]): number {
  return scores.reduce<number>((all, score) => all + (score ?? 0), 0);
}
