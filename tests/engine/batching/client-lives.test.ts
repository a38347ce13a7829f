import { describe, expect, test } from 'vitest';
import { lastLives } from '../../../src-worker/engine/batching/client-lives.ts';

/** Mean cells until a run is over: what all requests take, shared by the clients, and what some are idle at the end. */
function endOf(chances: readonly number[], clients: number, requests: number): number {
  const { meanLeft, anyLeft } = lastLives({ chances: Float64Array.from(chances), clients, requests, pauseKept: 0 });
  const mean = chances.reduce((sum, chance, life) => sum + chance * life, 0);
  return (requests * mean) / clients - meanLeft + anyLeft.reduce((sum, chance) => sum + chance, 0);
}

/** The same by all sequences of lives: whoever is free first takes the next. */
function endByEnumeration(chances: readonly number[], clients: number, requests: number): number {
  const follow = (free: readonly number[], left: number): number => {
    if (left === 0) return Math.max(...free);
    const [soonest = 0, ...others] = [...free].sort((a, b) => a - b);
    return chances.reduce(
      (sum, chance, life) => sum + (chance > 0 ? chance * follow([...others, soonest + life], left - 1) : 0),
      0,
    );
  };
  return follow(Array<number>(clients).fill(0), requests);
}

const TWO_LENGTHS = [0, 0, 0.6, 0, 0, 0.4];
const THREE_LENGTHS = [0, 0.5, 0, 0.3, 0, 0, 0, 0.2];
const ONE_LENGTH = [0, 0, 0, 0, 1];

describe('exactly as by all sequences of lives', () => {
  test.each([1, 2, 3, 5])('one client with %i requests takes them one after the other', (requests) => {
    expect(endOf(THREE_LENGTHS, 1, requests)).toBeCloseTo(endByEnumeration(THREE_LENGTHS, 1, requests), 9);
  });

  test.each([2, 3, 4])('%i clients with a request each: the longest ends the run', (clients) => {
    for (const law of [TWO_LENGTHS, THREE_LENGTHS]) {
      expect(endOf(law, clients, clients)).toBeCloseTo(endByEnumeration(law, clients, clients), 9);
    }
  });

  test.each([
    [3, 4],
    [4, 8],
    [5, 13],
    [10, 25],
    [2, 7],
  ])('%i clients with %i requests of one length: whole rounds, the last one of fewer', (clients, requests) => {
    expect(endOf(ONE_LENGTH, clients, requests)).toBeCloseTo(4 * Math.ceil(requests / clients), 9);
  });
});

test.each([
  [2, 3],
  [2, 4],
  [2, 6],
  [3, 4],
  [3, 6],
  [4, 7],
])('%i clients with %i requests: within a twentieth of all sequences of lives', (clients, requests) => {
  for (const law of [TWO_LENGTHS, THREE_LENGTHS]) {
    const exact = endByEnumeration(law, clients, requests);
    expect(Math.abs(endOf(law, clients, requests) / exact - 1)).toBeLessThan(0.05);
  }
});

test('lives that forget how long they last: ends come at the rate of those left, to the last', () => {
  // Cells so fine that two hardly end in one.
  const ended = 0.005;
  const chances = Array.from({ length: 4000 }, (_, life) => (life === 0 ? 0 : ended * (1 - ended) ** (life - 1)));
  for (const [clients, requests] of [
    [2, 3],
    [4, 4],
    [8, 20],
  ] as const) {
    let expected = (requests - clients) / clients;
    for (let left = clients; left > 0; left -= 1) expected += 1 / left;
    expect((endOf(chances, clients, requests) * ended) / expected).toBeCloseTo(1, 1.7);
  }
});

test('a longer run ends later, and a run of many rounds at the pace of its lives', () => {
  const ends = [4, 5, 7, 12, 40, 400, 4000, 40_000].map((requests) => endOf(THREE_LENGTHS, 4, requests));
  expect(ends).toEqual([...ends].sort((a, b) => a - b));
  const mean = THREE_LENGTHS.reduce((sum, chance, life) => sum + chance * life, 0);
  expect((ends.at(-1) as number) / ((40_000 * mean) / 4)).toBeCloseTo(1, 3);
});

test('those who are left are as many as have not ended, and none are left after the longest life', () => {
  const { anyLeft, clientsLeft } = lastLives({
    chances: Float64Array.from(THREE_LENGTHS),
    clients: 6,
    requests: 15,
    pauseKept: 0,
  });
  expect(anyLeft[0]).toBeCloseTo(1, 12);
  for (let k = 0; k < anyLeft.length; k += 1) {
    expect(clientsLeft[k]).toBeGreaterThanOrEqual((anyLeft[k] as number) - 1e-12);
    expect(clientsLeft[k]).toBeLessThanOrEqual(6 * (anyLeft[k] as number) + 1e-12);
  }
  expect(clientsLeft.at(-1)).toBeCloseTo(0, 12);
});
