import { describe, expect, it } from 'vitest';
import { readTraceText } from '../../src-main/traces/read.ts';
import { randomFrom } from '../measurements/random.ts';
import { idsByRequest, mooncakeLines, randomRows, renumbered } from './written.ts';

interface Prompt {
  tokens: number;
  ids: unknown;
}

const read = (prompts: readonly Prompt[]) =>
  readTraceText(
    prompts
      .map(({ tokens, ids }, i) =>
        JSON.stringify({ timestamp: i, input_length: tokens, output_length: 1, hash_ids: ids }),
      )
      .join('\n'),
    'trace.jsonl',
  );

describe('prefix blocks', () => {
  it('have ids from 0 in order of first appearance, whatever the file calls them', async () => {
    const ids = [[7, 2 ** 40, 'a3f0'], [7, -5, 'a3f0', 'b'], [2 ** 40], []];
    const { trace } = await read(ids.map((list) => ({ tokens: Math.max(1, list.length * 512 - 3), ids: list })));
    expect(trace.prefixBlocks?.blockTokens).toBe(512);
    expect(idsByRequest(trace)).toEqual([[0, 1, 2], [0, 3, 2, 4], [1], []]);
  });

  it.each([16, 64, 128, 512, 1024, 1000])('are found to be of %d tokens', async (blockTokens) => {
    const rows = randomRows(randomFrom(blockTokens), 400, blockTokens);
    const { trace, notes } = await readTraceText(mooncakeLines(rows), 'trace.jsonl');
    expect(trace.prefixBlocks?.blockTokens).toBe(blockTokens);
    expect(idsByRequest(trace)).toEqual(renumbered(rows.map(({ ids }) => ids)));
    expect(notes).toContainEqual(expect.stringContaining(`blocks of ${blockTokens.toLocaleString('en-US')} tokens`));
  });

  it('are Mooncake’s where the lengths leave a choice', async () => {
    const { trace } = await read([
      { tokens: 100, ids: [1] },
      { tokens: 400, ids: [2] },
    ]);
    expect(trace.prefixBlocks?.blockTokens).toBe(512);
  });

  it('are those of most rows; ids that a prompt has no tokens for are dropped, with a note', async () => {
    const { trace, notes } = await read([
      { tokens: 1000, ids: [1, 2] },
      { tokens: 1500, ids: [1, 2, 3] },
      { tokens: 2500, ids: [1, 2, 3, 4, 5] },
      { tokens: 600, ids: [1, 2, 3, 4] },
      { tokens: 2000, ids: [1] },
    ]);
    expect(trace.prefixBlocks?.blockTokens).toBe(512);
    expect(idsByRequest(trace)).toEqual([[0, 1], [0, 1, 2], [0, 1, 2, 3, 4], [0, 1], [0]]);
    expect(notes).toContainEqual(expect.stringMatching(/^1 request with more hash_ids than the prompt has blocks/));
  });

  it('are none where no size is likely', async () => {
    const { trace, notes } = await read([
      { tokens: 1000, ids: [1, 2] },
      { tokens: 1000, ids: [1, 2, 3, 4, 5] },
      { tokens: 1000, ids: [1] },
      { tokens: 7, ids: [1, 2, 3] },
    ]);
    expect(trace.prefixBlocks).toBeNull();
    expect(notes).toContainEqual(expect.stringMatching(/^hash_ids fits no size of blocks/));
  });

  it('with ids that are none lose their row', async () => {
    const { trace, skipped } = await read([
      { tokens: 1000, ids: [1, null] },
      { tokens: 1000, ids: 'x' },
      { tokens: 1000, ids: [1.5, 2] },
      { tokens: 1000, ids: [[1], 2] },
      { tokens: 1000, ids: null },
      { tokens: 1000, ids: [1, 2] },
    ]);
    expect(idsByRequest(trace)).toEqual([[], [0, 1]]);
    expect(skipped.map(({ reason }) => reason)).toEqual([
      'hash_ids has null: give a list of whole numbers or texts.',
      'hash_ids is "x": give a list of whole numbers or texts.',
      'hash_ids has 1.5: give a list of whole numbers or texts.',
      'hash_ids has a list: give a list of whole numbers or texts.',
    ]);
  });

  it('are made of tokens where a trace has these: whole blocks of 16 that begin alike', async () => {
    const tokens = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);
    const prompts = [tokens(40), [...tokens(16), ...tokens(16, 500)], [...tokens(16, 500), ...tokens(16)], tokens(15)];
    const lines = prompts.map((ids, i) =>
      JSON.stringify({ input_toks: ids.length, output_toks: 3, arrival_time_ns: i * 1e6, input_tok_ids: ids }),
    );
    const { trace } = await readTraceText(lines.join('\n'), 'workload.jsonl');
    expect(trace.prefixBlocks?.blockTokens).toBe(16);
    // The last of the third has the tokens of the first block of all, behind others: another prefix.
    expect(idsByRequest(trace)).toEqual([[0, 1], [0, 2], [3, 4], []]);
  });
});
