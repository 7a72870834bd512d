/** Show a dialog; true when its button `data-yes` was pressed, false for any other way out. */
export function confirmed(dialog: HTMLDialogElement): Promise<boolean> {
  return new Promise((resolve) => {
    let yes = false;
    const say = (event: Event) => {
      if (!(event.target as Element).closest("[data-yes]")) return;
      yes = true;
      dialog.close();
    };
    dialog.addEventListener("click", say);
    dialog.addEventListener(
      "close",
      () => {
        dialog.removeEventListener("click", say);
        resolve(yes);
      },
      { once: true },
    );
    dialog.showModal();
  });
}
