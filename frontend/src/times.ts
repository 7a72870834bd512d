/**
 * Show every `<time data-local>` in the browser's language and zone; the server wrote UTC for where scripts do not run.
 * A "short" one, in a badge, does not name the zone.
 */
export function showLocalTimes(root: ParentNode = document, now = new Date()): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>("time[data-local]")) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    element.textContent = at.toLocaleString(document.documentElement.lang || undefined, {
      weekday: "short",
      day: "numeric",
      month: "short",
      year: at.getFullYear() === now.getFullYear() ? undefined : "numeric",
      hour: "2-digit",
      minute: "2-digit",
      timeZoneName: element.dataset.local === "short" ? undefined : "short",
    });
    if (element.dataset.local === "soon") element.append(soon(at, now));
  }
}

/** " (in 5 minutes)" for the next two days and the last one, else nothing: further away a date says more. */
export function soon(at: Date, now: Date): string {
  const minutes = Math.round((at.getTime() - now.getTime()) / 60_000);
  if (minutes > 48 * 60 || minutes < -24 * 60) return "";
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang || undefined, {
    numeric: "always",
  });
  return ` (${Math.abs(minutes) < 90 ? words.format(minutes, "minute") : words.format(Math.round(minutes / 60), "hour")})`;
}

/** "2026-11-30T22:59:00Z" as `datetime-local` wants it, in the browser's zone. */
export function localInputValue(utc: string): string {
  const at = new Date(utc);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Date fields of a form: shown in the browser's zone, which the form names to the server. */
export function useLocalZone(form: HTMLFormElement): void {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const hidden = form.querySelector<HTMLInputElement>("input[name=time_zone]");
  // "Etc/Unknown" is no zone: the form stays in UTC, and says so.
  if (!hidden || !zone || zone === "Etc/Unknown") return;
  // A form that came back with errors holds what was typed, in the zone it was typed in.
  for (const input of form.querySelectorAll<HTMLInputElement>("input[data-utc]")) {
    input.value = localInputValue(input.dataset.utc ?? "");
  }
  hidden.value = zone;
  for (const note of form.querySelectorAll<HTMLElement>("[data-zone-name]")) note.textContent = zone;
}
