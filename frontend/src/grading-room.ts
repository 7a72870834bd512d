import { startComments } from "./comments/room";
import { startFeedback } from "./feedback/feedback";
import { startFiles } from "./feedback/files";
import { startOwnMarks } from "./grading-room/double-marking";
import { startFolding } from "./grading-room/folding";
import { startMarking } from "./grading-room/marking";
import { startPlaying } from "./grading-room/playing";
import { startAhead } from "./grading-room/preloading";
import { startShortcuts } from "./grading-room/shortcuts";
import { startPlayers } from "./playback/player";
import { startRubric } from "./rubrics/scoring";

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
