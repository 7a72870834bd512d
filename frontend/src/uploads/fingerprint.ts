const MIB = 1024 * 1024;

/**
 * SHA-256 of a file's first and last MiB, in hex: with the size, enough to know the same file again on any device.
 * Empty where a page above us came without https: browsers do not hash there.
 * @throws DOMException when the file cannot be read (moved, or on a device that was unplugged).
 */
export async function fingerprint(file: Blob): Promise<string> {
  const ends = new Blob([file.slice(0, MIB), file.slice(Math.max(0, file.size - MIB))]);
  if (!crypto.subtle) return "";
  const digest = await crypto.subtle.digest("SHA-256", await ends.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
