/**
 * Which drawn row shows which row of the table. What scrolls out leaves its place to what scrolls in, so that a fast scroll
 * writes other texts into rows that are there instead of making new ones.
 */
export class RowSlots {
  #slotByKey = new Map<string, number>();

  /** A slot for each key, none twice; a key keeps the slot it had. Slots run from 0 up to the number of keys. */
  assign(keys: string[]): number[] {
    const kept = keys.map((key) => this.#slotByKey.get(key) ?? keys.length);
    const taken = new Set(kept.filter((slot) => slot < keys.length));
    let next = 0;
    const slots = kept.map((slot) => {
      if (slot < keys.length) return slot;
      while (taken.has(next)) next += 1;
      return next++;
    });
    this.#slotByKey = new Map(keys.map((key, place) => [key, slots[place]!]));
    return slots;
  }
}
