import { expect, test } from 'vitest';
import { delayByRoom, roomWait, setRoomWait } from '../../../src-worker/engine/batching/room-wait.ts';
import { Spread } from '../../../src-worker/engine/batching/spread.ts';

test('as spread as a geometric law, what lies beyond the limit is that of an exponential one', () => {
  for (const limit of [5, 20, 60]) {
    setRoomWait({ arrivalsPerMs: 0.01, wanted: 20, dispersion: 500, limit, feedbackGain: 0 });
    expect(roomWait.chance).toBeCloseTo(Math.exp(-limit / 20), 12);
    expect(roomWait.withRoomShare).toBeCloseTo(1 - Math.exp(-limit / 20), 12);
    // Little's law: 0.01 a ms times the mean wait are those who wait.
    expect(0.01 * roomWait.chance * roomWait.waitingMs).toBeCloseTo(20 * Math.exp(-limit / 20), 9);
  }
});

test("who waits lengthens nobody's step: of what feedback adds to the wait, nothing is there", () => {
  // A limit of 20 of a geometric law of mean 20 leaves 20 / e who wait; with a feedback of 0.75, 20 would be 5 by themselves.
  const question = { arrivalsPerMs: 0.01, wanted: 20, dispersion: 500, limit: 20 };
  setRoomWait({ ...question, feedbackGain: 0.75 });
  const byThemselves = (20 / Math.E) * (5 / 20);
  expect(0.01 * roomWait.chance * roomWait.waitingMs).toBeCloseTo(byThemselves, 9);
});

test('the more would decode, the more do, and the more wait', () => {
  let decoding = 0;
  let waitingMs = 0;
  for (let wanted = 2; wanted < 90; wanted += 3) {
    const isShort = setRoomWait({ arrivalsPerMs: 0.01, wanted, dispersion: 3, limit: 50, feedbackGain: 0.4 });
    // Five, give or take four, never are fifty; half of the limit and more now and then are.
    if (wanted < 6) expect(isShort).toBe(false);
    if (wanted > 25) expect(isShort).toBe(true);
    if (!isShort) continue;
    expect(wanted * roomWait.withRoomShare).toBeGreaterThan(decoding);
    expect(roomWait.chance * roomWait.waitingMs).toBeGreaterThan(waitingMs);
    decoding = wanted * roomWait.withRoomShare;
    waitingMs = roomWait.chance * roomWait.waitingMs;
    expect(decoding).toBeLessThan(50);
  }
});

test('a law that is delayed keeps its shape below and has the mean of both', () => {
  const spread = new Spread();
  spread.clear();
  for (const [ms, weight] of [
    [100, 0.5],
    [300, 0.3],
    [900, 0.2],
  ] as const) {
    spread.add(ms, 40, weight);
  }
  const { mean, p50 } = spread.percentiles();
  setRoomWait({ arrivalsPerMs: 0.01, wanted: 20, dispersion: 500, limit: 60, feedbackGain: 0 });
  delayByRoom(spread);
  const delayed = spread.percentiles();
  expect(delayed.mean).toBeCloseTo(mean + roomWait.chance * roomWait.waitingMs, 6);
  expect(delayed.p50).toBeGreaterThan(p50);
  // One in twenty waits 2,000 ms on average: of one in a hundred, at least a fifth of those, it is 3,200 or more.
  expect(delayed.p99).toBeGreaterThan(0.9 * (Math.log(5) * 2000));
  expect(delayed.p99).toBeLessThan(1.15 * (Math.log(5) * 2000 + mean));
});

test('whoever finds room is not delayed, however far the law of all reaches', () => {
  const spread = new Spread();
  spread.clear();
  for (const [ms, width, weight] of [
    [300, 400, 0.9],
    [1_500, 1_000, 0.094],
    [30_000, 40_000, 0.006],
  ] as const) {
    spread.add(ms, width, weight);
  }
  const { mean, p50, p90 } = spread.percentiles();
  // One in ten thousand waits.
  setRoomWait({ arrivalsPerMs: 0.01, wanted: 20, dispersion: 500, limit: 184, feedbackGain: 0 });
  expect(roomWait.chance).toBeCloseTo(1e-4, 5);
  delayByRoom(spread);
  const delayed = spread.percentiles();
  expect(delayed.mean).toBeCloseTo(mean + roomWait.chance * roomWait.waitingMs, 6);
  // Read off bins of 50 ms.
  expect(Math.abs(delayed.p50 - p50)).toBeLessThan(25);
  expect(Math.abs(delayed.p90 - p90)).toBeLessThan(25);
});
