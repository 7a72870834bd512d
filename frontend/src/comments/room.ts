import type Player from "video.js/dist/types/player";
import { onKey } from "../grading-room/keys";
import { RoomComments } from "./room-comments";
import { CommentTrack } from "./track";

/**
 * The comments of the film in the room: the list, the keys C and 1 to 9, and the marker's own bank.
 * @param player of the film; undefined where the film is gone: then times are typed.
 */
export function startComments(player: Player | undefined): void {
  const root = document.querySelector<HTMLElement>("[data-comments]");
  const config = document.querySelector("#comments-config")?.textContent;
  const list = root?.querySelector<HTMLElement>("[data-comment-items]");
  if (!root || !config || !list) return;
  root.hidden = false;
  const track = player && new CommentTrack(list, player);
  const comments = new RoomComments(root, list, JSON.parse(config), player, () => track?.refresh());
  onKey(["c", "C"], "Comment on this moment", () => comments.compose());
  onKey([..."123456789"], "Add that comment of your bank", ({ key }) => comments.addFromBank(key));
}
