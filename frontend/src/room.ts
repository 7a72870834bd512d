import { startPlayers } from "./player/player";
import { startAhead } from "./room/ahead";
import { startComments } from "./room/comments";
import { startFeedback } from "./room/feedback";
import { startFiles } from "./room/files";
import { startFolding } from "./room/list";
import { startMarking } from "./room/marking";
import { startOwnMarks } from "./room/own-marks";
import { startPlaying } from "./room/playing";
import { startRubric } from "./room/rubric";
import { startShortcuts } from "./room/shortcuts";

startFolding();
const players = startPlayers(document, { preload: "auto" });
startFeedback(); // first: from now on the field holds the feedback with its formatting
startMarking(); // then: it puts back what was not saved, and what draws itself by the fields finds it
startRubric();
startOwnMarks();
for (const select of document.querySelectorAll<HTMLSelectElement>("select[data-goes]")) {
  select.addEventListener("change", () => select.form?.requestSubmit());
}
startFiles();
// A player that cannot come takes nothing else with it.
const [player] = await players.catch(() => []);
if (player) startPlaying(player);
startComments(player);
startAhead(player);
startShortcuts();
