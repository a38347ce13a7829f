export interface OrderedDelivery<Item> {
  /** Hands in what belongs at `index`. */
  put(index: number, item: Item): void;
  /** No more items will fill the gaps: deliver what is there. */
  closeGaps(): void;
  /** Index of the oldest item not delivered yet. */
  position(): number;
  /** True when nothing waits and nothing is being delivered. */
  isIdle(): boolean;
}

/**
 * Items arrive in any order and are delivered in the order of their index, one after the other, each awaited. `onStep`
 * runs after every delivery. `deliver` must not reject.
 */
export function orderedDelivery<Item>(
  deliver: (item: Item, index: number) => Promise<void>,
  onStep: () => void,
): OrderedDelivery<Item> {
  const waiting = new Map<number, Item>();
  let position = 0;
  let hasGaps = false;
  let isBusy = false;

  const take = (): { item: Item; index: number } | null => {
    const index = hasGaps && waiting.size > 0 ? Math.min(...waiting.keys()) : position;
    const item = waiting.get(index);
    if (item === undefined) return null;
    waiting.delete(index);
    position = index + 1;
    return { item, index };
  };

  const advance = async () => {
    if (isBusy) return;
    isBusy = true;
    for (let next = take(); next; next = take()) {
      await deliver(next.item, next.index);
      onStep();
    }
    isBusy = false;
    onStep();
  };

  return {
    put(index, item) {
      waiting.set(index, item);
      void advance();
    },
    closeGaps() {
      hasGaps = true;
      void advance();
    },
    position: () => position,
    isIdle: () => !isBusy && waiting.size === 0,
  };
}
