export function startFiles(): void {}
