import { describe, expect, test } from 'vitest';
import {
  expertGroupsReached,
  sendMsPerByte,
  vectorsSent,
} from '../../../src-worker/engine/communication/all-to-all.ts';

/** Mean number of groups that hold one of the chosen experts, over every choice there is. */
function byCounting(numExperts: number, chosen: number, groups: number): number {
  const size = numExperts / groups;
  let [choices, reached] = [0, 0];
  const choose = (from: number, left: number, held: ReadonlySet<number>): void => {
    if (left === 0) {
      choices += 1;
      reached += held.size;
      return;
    }
    for (let expert = from; expert <= numExperts - left; expert += 1) {
      choose(expert + 1, left - 1, new Set([...held, Math.floor(expert / size)]));
    }
  };
  choose(0, chosen, new Set());
  return reached / choices;
}

describe('groups of experts that a token reaches', () => {
  test.each([
    [4, 2, 2],
    [8, 2, 4],
    [8, 3, 8],
    [12, 4, 3],
    [16, 4, 4],
    [16, 1, 16],
  ])('%i experts, %i chosen, %i groups: as many as by counting all choices', (numExperts, chosen, groups) => {
    expect(expertGroupsReached(numExperts, chosen, groups)).toBeCloseTo(byCounting(numExperts, chosen, groups), 12);
  });

  test('at most the groups, at most the chosen experts, and all of them where all experts are chosen', () => {
    for (const groups of [1, 2, 8, 32, 128]) {
      for (const chosen of [1, 2, 8, 100]) {
        const reached = expertGroupsReached(128, chosen, groups);
        expect(reached).toBeLessThanOrEqual(Math.min(groups, chosen) + 1e-12);
        expect(reached).toBeGreaterThanOrEqual(1 - 1e-12);
      }
      expect(expertGroupsReached(128, 128, groups)).toBeCloseTo(groups, 12);
    }
  });
});

describe('vectors sent to other GPUs', () => {
  test('by hand: 8 ranks without expert parallelism send to all 7 others, two GPUs with 2 of 4 experts 5/6', () => {
    const ranks = (dataParallel: number, expertGroups: number) => ({ tensorParallel: 1, dataParallel, expertGroups });
    expect(vectorsSent(ranks(8, 1), 256, 8)).toBe(7);
    expect(vectorsSent(ranks(2, 2), 4, 2)).toBeCloseTo((2 * (5 / 6)) / 2, 12);
    expect(vectorsSent(ranks(8, 8), 256, 8)).toBeCloseTo(4.633, 3);
  });

  test('each GPU of a tensor-parallel rank sends its part of the tokens', () => {
    const spread = { tensorParallel: 2, dataParallel: 4, expertGroups: 8 };
    const alone = { tensorParallel: 1, dataParallel: 8, expertGroups: 8 };
    expect(vectorsSent(spread, 256, 8)).toBeCloseTo(vectorsSent(alone, 256, 8) / 2, 12);
  });

  test('expert parallelism never sends more than all tokens to all GPUs', () => {
    for (const expertGroups of [1, 2, 4, 8, 16]) {
      const spread = { tensorParallel: 1, dataParallel: 16, expertGroups };
      expect(vectorsSent(spread, 128, 8)).toBeLessThanOrEqual(15);
    }
  });

  test('a byte over 450 GB/s at 60 % takes 3.7e-9 ms', () => {
    expect(sendMsPerByte(450e9, 0.6)).toBeCloseTo(1000 / 270e9, 15);
  });
});
