import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src-worker/engine/numerics/random.ts';
import { askSomethingElse, randomSubjects, sayOf, type Said } from './random-subjects.ts';

const SEED = 20_261_129;
const asked = randomSubjects(SEED);
/** What a thread says that asks about each rate once. */
let inTurn: Said[] = [];

/** A thread reads the sources and the catalogs anew: 2 s, and more where others work. */
const LONGEST_MS = 60_000;

beforeAll(async () => {
  const thread = new Worker(join(import.meta.dirname, 'asked-in-turn.ts'), { workerData: { seed: SEED } });
  [inTurn] = (await once(thread, 'message')) as [Said[]];
}, LONGEST_MS);

const at = <T>(values: readonly T[], index: number): T => {
  const value = values[index];
  if (value === undefined) throw new Error(`there is no ${index}`);
  return value;
};

/** A number is written with as many digits as tell it from every other. */
const bits = (said: unknown): string => JSON.stringify(said);

// The loops of the closed form write into fields and columns that are kept from one evaluation to the next.
describe('an evaluation of the closed form says the same whatever was evaluated before it', () => {
  test('the questions reach every kind of outcome', () => {
    const kinds = inTurn.map(({ outcome }) => (outcome.kind === 'steady' ? outcome.trust : outcome.cause));
    const all = ['ok', 'critical', 'kv_pressure', 'slot_pressure', 'bursty', 'compute', 'kv', 'seats'];
    expect(new Set(kinds)).toEqual(new Set(all));
    // Not finite is null in JSON.
    expect(bits(inTurn.filter(({ outcome }) => outcome.kind === 'steady'))).not.toContain('null');
  });

  test.each([1, 2])('bit by bit, in random order among searches and closed loops (%i)', (seed) => {
    const random = seededRandom(seed);
    const any = (): number => Math.floor(random() * asked.length);
    const different: string[] = [];
    for (let round = 0; round < asked.length; round += 1) {
      const index = any();
      while (random() < 0.4) askSomethingElse(random, at(asked, any()));
      if (bits(sayOf(at(asked, index))) !== bits(at(inTurn, index))) different.push(at(asked, index).name);
    }
    expect(different).toEqual([]);
  });

  test('and nothing that is evaluated after it changes what was said; the parts of a mean TTFT add up to it', () => {
    const random = seededRandom(3);
    const said = asked.map((one) => sayOf(one));
    for (const one of asked) askSomethingElse(random, one);
    const off: string[] = [];
    for (const [index, { outcome, parts }] of said.entries()) {
      const { name } = at(asked, index);
      if (bits(at(said, index)) !== bits(at(inTurn, index))) off.push(`${name} changed`);
      if (outcome.kind === 'saturated') continue;
      const sumMs = Object.values<number>({ ...parts }).reduce((sum, ms) => sum + ms, 0);
      const { mean } = outcome.ttftMs;
      if (!(Math.abs(sumMs - mean) <= 1e-9 * mean)) off.push(`${name}: parts of ${sumMs} ms, ${mean} ms`);
    }
    expect(off).toEqual([]);
  });
});
