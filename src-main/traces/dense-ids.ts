/** Ids up to here are looked up in a table, the others in a map, which is ten times slower and has bounds. */
const TABLE_LENGTH = 2 ** 24;
const FIRST_TABLE_LENGTH = 2 ** 12;
/** Of a map: 4 million texts of 64 characters take about half a gigabyte. */
export const MOST_MAPPED_IDS = 4_000_000;

/** Numbers from 0 for ids of any kind, in order of first appearance. */
export class DenseIds {
  count = 0;
  /** Dense number + 1 by id; 0 = not seen. */
  #table = new Uint32Array(FIRST_TABLE_LENGTH);
  readonly #map = new Map<number | string, number>();

  /** -1 where there are too many. */
  of(id: number | string): number {
    if (typeof id === 'number' && id >= 0 && id < TABLE_LENGTH) return this.#fromTable(id);
    const known = this.#map.get(id);
    if (known !== undefined) return known;
    if (this.#map.size >= MOST_MAPPED_IDS) return -1;
    this.#map.set(id, this.count);
    this.count += 1;
    return this.count - 1;
  }

  #fromTable(id: number): number {
    if (id >= this.#table.length) {
      let length = this.#table.length;
      while (length <= id) length *= 2;
      const longer = new Uint32Array(length);
      longer.set(this.#table);
      this.#table = longer;
    }
    const known = this.#table[id] ?? 0;
    if (known > 0) return known - 1;
    this.count += 1;
    this.#table[id] = this.count;
    return this.count - 1;
  }
}
