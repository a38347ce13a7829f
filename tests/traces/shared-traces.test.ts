import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTrace } from '../../src-main/traces/read.ts';

/** Traces as their authors publish them. They lie outside of this repository. */
const SHARED = join(import.meta.dirname, '../../../shared/data');
const hasTraces = existsSync(join(SHARED, 'traces')) && existsSync(join(SHARED, 'imports/traces'));

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

interface Expected {
  file: string;
  format: string;
  requests: number;
  lastMs: number;
  promptTokens: number;
  outputTokens: number;
  /** Of ids, and of different ones. */
  blocks: [number, number] | null;
}

/** Sums of columns, counted by another program. */
const EXPECTED: Expected[] = [
  {
    file: 'traces/azure_llm_2023_conv.csv',
    format: 'azure',
    requests: 19366,
    lastMs: 3501721.937,
    promptTokens: 22361870,
    outputTokens: 4088665,
    blocks: null,
  },
  {
    file: 'imports/traces/azure_2023_code_first300.csv',
    format: 'azure',
    requests: 300,
    lastMs: 216838.239,
    promptTokens: 627529,
    outputTokens: 7126,
    blocks: null,
  },
  {
    file: 'traces/mooncake_conversation.jsonl',
    format: 'mooncake',
    requests: 12031,
    lastMs: 3536999,
    promptTokens: 144793823,
    outputTokens: 4122048,
    blocks: [288500, 182790],
  },
  {
    file: 'imports/traces/mooncake_toolagent_like_ci.jsonl',
    format: 'mooncake',
    requests: 64,
    lastMs: 1620,
    promptTokens: 72704,
    outputTokens: 7872,
    blocks: [142, 74],
  },
  {
    file: 'traces/sharegpt_300_10rps.csv',
    format: 'configiq',
    requests: 300,
    lastMs: 29121.2,
    promptTokens: 257239,
    outputTokens: 195753,
    blocks: null,
  },
  {
    file: 'imports/traces/llmservingsim_rtx4090_llama-3.1-8b_requests.jsonl',
    format: 'llmservingsim',
    requests: 300,
    lastMs: 29100.5215,
    promptTokens: 257239,
    outputTokens: 195753,
    blocks: null,
  },
  {
    file: 'imports/traces/llmservingsim_example_trace.jsonl',
    format: 'llmservingsim',
    requests: 10,
    lastMs: 980.0433,
    promptTokens: 120,
    outputTokens: 591,
    blocks: [3, 3],
  },
];

describe.skipIf(!hasTraces)(`published traces${hasTraces ? '' : ' (skipped: no ../shared/data)'}`, () => {
  it.each(EXPECTED)('$file', async ({ file, format, requests, lastMs, promptTokens, outputTokens, blocks }) => {
    const found = await readTrace(join(SHARED, file));
    expect(found).toMatchObject({ format, rows: requests, skippedCount: 0 });
    const { trace } = found;
    expect(trace.arrivalMs).toHaveLength(requests);
    expect(trace.arrivalMs[0]).toBe(0);
    expect(trace.arrivalMs.at(-1)).toBeCloseTo(lastMs, 3);
    expect(total(trace.promptTokens)).toBe(promptTokens);
    expect(total(trace.outputTokens)).toBe(outputTokens);
    const { prefixBlocks } = trace;
    expect(prefixBlocks && [prefixBlocks.ids.length, new Set(prefixBlocks.ids).size]).toEqual(blocks);
    if (prefixBlocks) expect(prefixBlocks.ids.reduce((most, id) => Math.max(most, id), 0)).toBe((blocks?.[1] ?? 0) - 1);
    expect(found.notes).not.toContainEqual(expect.stringMatching(/put in order/));
  });

  it('conversations are refused with what they lack', async () => {
    await expect(readTrace(join(SHARED, 'imports/traces/sharegpt_conversations.json'))).rejects.toMatchObject({
      family: 'file',
      code: 'trace_format_unknown',
      message: expect.stringMatching(/neither when a request arrives nor how many tokens/) as string,
    });
  });
});
