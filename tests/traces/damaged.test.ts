import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTrace, readTraceText, type ReadTrace } from '../../src-main/traces/read.ts';
import { ConfigIqError } from '../../src-worker/engine/errors.ts';
import { MOST_TRACE_TOKENS } from '../../src-worker/engine/workload/trace.ts';
import { randomFrom } from '../measurements/random.ts';
import { azureCsv, idsByRequest, mooncakeLines, ownCsv, randomRows, renumbered } from './written.ts';

const isTokens = (tokens: number): boolean => Number.isInteger(tokens) && tokens >= 1 && tokens <= MOST_TRACE_TOKENS;

/** What the engine may rely on. */
function expectSound({ trace, rows, skipped, skippedCount }: ReadTrace): void {
  const { arrivalMs, promptTokens, outputTokens, cachedTokens, prefixBlocks } = trace;
  const count = arrivalMs.length;
  expect(count).toBe(rows - skippedCount);
  expect(skipped).toHaveLength(skippedCount);
  expect(count).toBeGreaterThan(0);
  expect(arrivalMs[0]).toBe(0);
  expect([...arrivalMs].every((ms, i) => Number.isFinite(ms) && ms >= (arrivalMs[i - 1] ?? 0))).toBe(true);
  expect([promptTokens.length, outputTokens.length]).toEqual([count, count]);
  expect(promptTokens.every(isTokens) && outputTokens.every(isTokens)).toBe(true);
  if (cachedTokens)
    expect([...cachedTokens].every((cached, i) => cached >= 0 && cached < (promptTokens[i] ?? 0))).toBe(true);
  if (!prefixBlocks) return;
  const ids = idsByRequest(trace);
  expect([prefixBlocks.offsets.length, prefixBlocks.offsets.at(-1)]).toEqual([count + 1, prefixBlocks.ids.length]);
  expect(ids.every((list, i) => list.length <= Math.ceil((promptTokens[i] ?? 0) / prefixBlocks.blockTokens))).toBe(
    true,
  );
  expect(ids).toEqual(renumbered(ids));
}

/** What may stand in the place of a piece of text. */
const ODD = [
  '',
  '-1',
  '0',
  '1e9',
  '1e400',
  'NaN',
  'null',
  '"',
  ',',
  '\n',
  '\r\n',
  '{',
  '[]',
  '\0',
  '\uFFFD',
  '2023-02-30',
  '9'.repeat(30),
];

describe('a damaged trace', () => {
  it('is refused in a sentence, or read without the rows that are damaged', async () => {
    const random = randomFrom(5);
    let read = 0;
    for (let round = 0; round < 1500; round += 1) {
      const written = random.of([ownCsv, azureCsv, mooncakeLines]);
      let text = written(randomRows(random, 1 + random.below(12), 512));
      for (let damage = 0; damage < 1 + random.below(3); damage += 1) {
        const start = random.below(text.length);
        text = text.slice(0, start) + random.of(ODD) + text.slice(start + random.below(12));
      }
      try {
        expectSound(await readTraceText(text, 'x'));
        read += 1;
      } catch (thrown) {
        if (!(thrown instanceof ConfigIqError)) throw thrown;
        expect(thrown.family, text).toBe('file');
        expect(thrown.message).toMatch(/^x [^\0]{10,600}$/);
      }
    }
    expect(read).toBeGreaterThan(500);
  });
});

/** Many pieces of a file (64 KiB) in every format. */
const ROWS = 20_000;

describe('a file of many pieces', () => {
  it.each([
    ['own', ownCsv],
    ['azure', azureCsv],
    ['mooncake', mooncakeLines],
  ])('is read as its text (%s)', async (_, written) => {
    const folder = mkdtempSync(join(tmpdir(), 'configiq-traces-'));
    try {
      const text = written(randomRows(randomFrom(3), ROWS, 16));
      expect(text.length).toBeGreaterThan(2 ** 18);
      const path = join(folder, 'trace');
      writeFileSync(path, text);
      const found = await readTrace(path);
      expect(found.rows).toBe(ROWS);
      expect(found).toEqual(await readTraceText(text, path));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
