import { startPlayers } from "./player/player";
import { startComments } from "./room/comments";
import { startFeedback } from "./room/feedback";
import { startFiles } from "./room/files";
import { startMarking } from "./room/marking";
import { startOwnMarks } from "./room/own-marks";
import { startRubric } from "./room/rubric";

const [player] = await startPlayers();
startRubric();
startFeedback();
startMarking();
startOwnMarks();
startComments(player);
startFiles();
for (const select of document.querySelectorAll<HTMLSelectElement>("select[data-goes]")) {
  select.addEventListener("change", () => select.form?.requestSubmit());
}
