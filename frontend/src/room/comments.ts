import type Player from "video.js/dist/types/player";

export function startComments(_player: Player | undefined): void {}
