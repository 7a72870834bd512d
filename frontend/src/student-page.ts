import { showCommentLists, startCommentLists } from "./comments/student";
import { startFileLists } from "./feedback/file-lists";
import { fetchJson, Refusal } from "./http";
import { LivePage } from "./live";
import { startOnDemand } from "./playback/on-demand";
import { startPlayers } from "./playback/player";
import type { RecorderConfig } from "./recorder/panel";
import { watchReturned } from "./student-page/returned";
import { showArrived } from "./uploads/arrived";
import type { UploadConfig } from "./uploads/file-check";
import { type Unfinished, UploadPanel } from "./uploads/panel";

const page = document.querySelector<HTMLElement>("[data-live-page]");
const root = document.querySelector<HTMLElement>("[data-upload-panel]");
const config = document.querySelector("#upload-config")?.textContent;

if (page) {
  const look = async () => {
    watchReturned(page);
    if (await showArrived(page)) await live.look();
  };
  const live = new LivePage(page, () => {
    showCommentLists();
    void look();
  });
  const changed = () => void live.look();
  /** What is on its way in this tab is not offered to be gone on with beside it. */
  const sending = (running: boolean) => page.toggleAttribute("data-sending", running);
  if (config) {
    const settings = JSON.parse(config) as UploadConfig & RecorderConfig;
    const recorder = document.querySelector<HTMLElement>("[data-recorder]");
    const stepBack = (place: HTMLElement | null) => (running: boolean) => {
      if (place) place.hidden = running;
    };
    if (root)
      new UploadPanel(root, settings, unfinished, changed, (running) => {
        sending(running);
        stepBack(document.querySelector("[data-record-way]"))(running);
      });
    if (recorder) {
      void import("./recorder/panel").then(({ RecorderPanel }) => {
        new RecorderPanel(recorder, settings, { arrived: () => void arrived(live), busy: stepBack(root) });
      });
    }
  }
  page.addEventListener("click", (event) => {
    const use = (event.target as Element).closest<HTMLElement>("[data-use-arrived]");
    if (use) void useArrived(use, live);
  });
  void look();
}
startCommentLists();
void startPlayers();
startFileLists();
startOnDemand();

/** Show a recording that has arrived, and lead to it whoever does not see it. */
async function arrived(live: LivePage): Promise<void> {
  await live.look();
  document.querySelector<HTMLElement>("[data-live=draft]")?.focus();
}

/** Take in what has arrived of a recording whose browser vanished. */
async function useArrived(button: HTMLElement, live: LivePage): Promise<void> {
  button.setAttribute("disabled", "");
  try {
    await fetchJson(button.dataset.useArrived ?? "", {});
    await live.look();
  } catch (error) {
    button.removeAttribute("disabled");
    alert(error instanceof Refusal ? error.inWords : "That did not work.");
  }
}

/** The file uploads of the draft that can go on, as the page says at this moment. */
function unfinished(): Unfinished[] {
  return [...document.querySelectorAll<HTMLElement>("[data-unfinished]")].map((place) => ({
    size: Number(place.dataset.size),
    fingerprint: place.dataset.fingerprint ?? "",
    removeUrl: place.dataset.remove ?? "",
  }));
}
