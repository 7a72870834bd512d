/** Makes parts of one exact size from pieces of any size; storage takes a smaller one only as the last. */
export class PartCutter {
  private held: Blob[] = [];
  private size = 0;

  constructor(private readonly partSize: number) {}

  /** The parts that are full now, in order. */
  add(piece: Blob): Blob[] {
    this.held.push(piece);
    this.size += piece.size;
    if (this.size < this.partSize) return [];
    const all = new Blob(this.held);
    const full = Math.floor(this.size / this.partSize);
    const rest = all.slice(full * this.partSize);
    this.held = rest.size ? [rest] : [];
    this.size = rest.size;
    return Array.from({ length: full }, (_, at) => all.slice(at * this.partSize, (at + 1) * this.partSize));
  }

  /** What is left as the last part; undefined where the parts came out even. */
  rest(): Blob | undefined {
    return this.size ? new Blob(this.held) : undefined;
  }
}
