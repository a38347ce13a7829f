import { setImmediate } from 'node:timers/promises';

/** How long a slice may take before whoever waits is let in: well under what a window notices. */
const SLICE_MS = 15;

/** The same items, with a pause after every few milliseconds in which calls and events are heard. */
export async function* inSlices<Item>(items: Iterable<Item>): AsyncGenerator<Item> {
  let startMs = performance.now();
  for (const item of items) {
    yield item;
    if (performance.now() - startMs < SLICE_MS) continue;
    await setImmediate();
    startMs = performance.now();
  }
}
