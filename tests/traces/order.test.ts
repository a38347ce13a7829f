import { describe, expect, it } from 'vitest';
import { readTraceText } from '../../src-main/traces/read.ts';
import { randomFrom } from '../measurements/random.ts';
import { azureCsv, idsByRequest, mooncakeLines, ownCsv, randomRows, renumbered, type Row } from './written.ts';

const BLOCK_TOKENS = 512;
const WRITERS = { configiq: ownCsv, azure: azureCsv, mooncake: mooncakeLines } as const;

function shuffled(rows: readonly Row[], random: ReturnType<typeof randomFrom>): Row[] {
  const mixed = [...rows];
  for (let i = mixed.length - 1; i > 0; i -= 1) {
    const j = random.below(i + 1);
    [mixed[i], mixed[j]] = [mixed[j] as Row, mixed[i] as Row];
  }
  return mixed;
}

describe.each(Object.entries(WRITERS))('what was written as %s', (format, written) => {
  it('is read back, in any order of rows', async () => {
    const random = randomFrom(11);
    for (let round = 0; round < 60; round += 1) {
      const rows = randomRows(random, 1 + random.below(60), BLOCK_TOKENS);
      for (const order of [rows, shuffled(rows, random)]) {
        const found = await readTraceText(written(order), 'trace');
        expect(found).toMatchObject({ format, rows: rows.length, skippedCount: 0 });
        const { trace } = found;
        expect([...trace.promptTokens]).toEqual(rows.map(({ prompt }) => prompt));
        expect([...trace.outputTokens]).toEqual(rows.map(({ output }) => output));
        for (const [i, { ms }] of rows.entries()) expect(trace.arrivalMs[i]).toBeCloseTo(ms, 6);
        if (format === 'mooncake') expect(idsByRequest(trace)).toEqual(renumbered(rows.map(({ ids }) => ids)));
      }
    }
  });
});

const csv = (rows: readonly (readonly [number, number])[]): string =>
  ['arrival_s,input_tokens,output_tokens', ...rows.map(([time, tokens]) => `${time},${tokens},1`)].join('\n');
const read = (rows: readonly (readonly [number, number])[]) => readTraceText(csv(rows), 'trace.csv');

describe('rows out of order', () => {
  it('are sorted by arrival, those of one moment as they stand, and counted', async () => {
    const { trace, notes } = await read([
      [3, 30],
      [1, 10],
      [3, 31],
      [2, 20],
      [1, 11],
      [4, 40],
    ]);
    expect([...trace.arrivalMs]).toEqual([0, 0, 1000, 2000, 2000, 3000]);
    expect([...trace.promptTokens]).toEqual([10, 11, 20, 30, 31, 40]);
    expect(notes).toContain('3 requests come behind a later one in the file: they were put in order by arrival_s.');
  });

  it('as a clock that was set back, or joined files, leave them are told apart from disorder', async () => {
    const part = (from: number) => Array.from({ length: 20 }, (_, i) => [from + i * 10, 5] as const);
    const joined = await read([...part(0), ...part(0)]);
    const told = expect.stringMatching(/^At line 22 arrival_s goes back by 190 s .* clock .* joined/) as string;
    expect(joined.notes).toContainEqual(told);
    const disorder = await read(
      part(0).flatMap(([time, tokens]) => [[time + 35, tokens] as const, [time, tokens] as const]),
    );
    expect(disorder.notes).toContainEqual(expect.stringMatching(/put in order/));
    expect(disorder.notes).not.toContainEqual(expect.stringMatching(/goes back/));
    expect((await read(part(3))).notes).not.toContainEqual(expect.stringMatching(/order|goes back/));
  });
});
