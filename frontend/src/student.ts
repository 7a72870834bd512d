import { startPlayers } from "./player/player";
import type { UploadConfig } from "./upload/file-check";
import { UploadPanel } from "./upload/panel";

const root = document.querySelector<HTMLElement>("[data-upload-panel]");
const config = document.querySelector("#upload-config")?.textContent;
if (root && config) {
  // The server's page knows what the draft is now; a reload shows it, with nothing to keep in step.
  new UploadPanel(root, JSON.parse(config) as UploadConfig, () => window.location.reload());
}
void startPlayers();
