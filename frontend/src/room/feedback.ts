export function startFeedback(): void {}
