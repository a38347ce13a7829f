import type { Place } from '../../protocol/run-analysis.ts';
import { placeKey } from './points.ts';

/** What is held of each situation: a combination of values of axes. In the order in which they come up. */
export class Situations<Item> {
  private readonly items = new Map<string, Item>();
  private readonly make: (at: Place) => Item;
  private readonly hasRoom: () => boolean;

  /** `hasRoom` is asked before a further situation is taken up. */
  constructor(make: (at: Place) => Item, hasRoom: (situations: number) => boolean) {
    this.make = make;
    this.hasRoom = () => hasRoom(this.items.size);
  }

  /** That of a place, made where it is new; null where there is no room for another. */
  at(place: Place): Item | null {
    const key = placeKey(place);
    const known = this.items.get(key);
    if (known !== undefined) return known;
    if (!this.hasRoom()) return null;
    const item = this.make(place);
    this.items.set(key, item);
    return item;
  }

  all(): Item[] {
    return [...this.items.values()];
  }
}
