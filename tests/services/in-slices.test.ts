import { expect, test } from 'vitest';
import { inSlices } from '../../src-main/services/in-slices.ts';

test('the items come in order, and whoever waits is let in every few milliseconds', async () => {
  const started = performance.now();
  let longestMs = 0;
  let lastMs = started;
  let letIn = 0;
  const waiting = setInterval(() => {
    letIn += 1;
    longestMs = Math.max(longestMs, performance.now() - lastMs);
    lastMs = performance.now();
  }, 0);
  const items: number[] = [];
  for await (const item of inSlices(Array.from({ length: 100 }, (_, index) => index))) {
    const end = performance.now() + 2;
    while (performance.now() < end);
    items.push(item);
  }
  clearInterval(waiting);
  expect(items).toEqual(Array.from({ length: 100 }, (_, index) => index));
  // 200 ms of work in slices of 15 ms; without pauses nobody would have been let in.
  expect(letIn).toBeGreaterThan(5);
  expect(longestMs).toBeLessThan((performance.now() - started) / 2);
});
