import { expect, test } from 'vitest';
import { MinHeap } from '../../../src-worker/engine/simulation/min-heap.ts';
import { Draws } from '../roofline/random-deployments.ts';

test('gives back what was put in, smallest first, as sorting does', () => {
  const draws = new Draws(5);
  for (let round = 0; round < 200; round += 1) {
    const values = Array.from({ length: draws.whole(0, 40) }, () => draws.whole(-9, 9));
    const heap = new MinHeap();
    values.forEach((value) => heap.push(value));
    expect(heap.size).toBe(values.length);
    const popped: number[] = [];
    while (heap.size > 0) {
      expect(heap.peek()).toBe(
        Math.min(
          ...values
            .slice()
            .sort((a, b) => a - b)
            .slice(popped.length),
        ),
      );
      popped.push(heap.pop() as number);
    }
    expect(popped).toEqual(values.sort((a, b) => a - b));
  }
});

test('keeps the smallest on top while values come and go', () => {
  const draws = new Draws(6);
  const heap = new MinHeap();
  let model: number[] = [];
  for (let i = 0; i < 2000; i += 1) {
    if (draws.next() < 0.55 || model.length === 0) {
      const value = draws.whole(0, 1000);
      heap.push(value);
      model = [...model, value].sort((a, b) => a - b);
    } else {
      expect(heap.pop()).toBe(model.shift());
    }
    expect(heap.peek()).toBe(model[0]);
    expect(heap.size).toBe(model.length);
  }
});

test('an empty heap has nothing', () => {
  const heap = new MinHeap();
  expect(heap.peek()).toBeUndefined();
  expect(heap.pop()).toBeUndefined();
  expect(heap.size).toBe(0);
});
