/** A short status, as `status_labels.as_json` tells it. */
export interface StatusLabel {
  code: string;
  label: string;
  explanation: string;
}

/** As `parts/status_label.html`. */
export function statusLabel({ code, label, explanation }: StatusLabel): HTMLElement {
  const element = Object.assign(document.createElement("span"), {
    className: `status-label ${code}`,
    textContent: label,
  });
  if (explanation) element.title = explanation;
  return element;
}
