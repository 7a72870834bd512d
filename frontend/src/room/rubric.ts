export function startRubric(): void {}
