import type { RequestTrace } from '../../src-worker/engine/workload/trace.ts';
import type { randomFrom } from '../measurements/random.ts';

/** A request as a file has it. */
export interface Row {
  ms: number;
  prompt: number;
  output: number;
  ids: number[];
}

/** Requests at different times, in order, from 0; prompts that share beginnings of blocks of `blockTokens`. */
export function randomRows(random: ReturnType<typeof randomFrom>, count: number, blockTokens: number): Row[] {
  let ms = 0;
  return Array.from({ length: count }, (_, index) => {
    if (index > 0) ms += 1 + random.below(500);
    const prompt = 1 + random.below(20 * blockTokens);
    const blocks = Math.ceil(prompt / blockTokens);
    const shared = Math.min(blocks, random.below(4));
    const ids = Array.from({ length: blocks }, (_, k) => (k < shared ? k : 1000 + index * 100 + k));
    return { ms, prompt, output: 1 + random.below(900), ids };
  });
}

export const ownCsv = (rows: readonly Row[]): string =>
  ['arrival_s,input_tokens,output_tokens', ...rows.map((row) => `${row.ms / 1000},${row.prompt},${row.output}`)].join(
    '\n',
  );

export const mooncakeLines = (rows: readonly Row[]): string =>
  rows
    .map(({ ms, prompt, output, ids }) =>
      JSON.stringify({ timestamp: ms, input_length: prompt, output_length: output, hash_ids: ids }),
    )
    .join('\n');

export const azureCsv = (rows: readonly Row[]): string =>
  [
    'TIMESTAMP,ContextTokens,GeneratedTokens',
    ...rows.map(({ ms, prompt, output }) => {
      const [date, time] = new Date(Date.UTC(2023, 10, 16, 23, 59, 58) + ms).toISOString().slice(0, -1).split('T');
      return `${date} ${time}0000,${prompt},${output}`;
    }),
  ].join('\r\n');

/** The ids of each request. */
export const idsByRequest = ({ prefixBlocks }: RequestTrace): number[][] => {
  if (!prefixBlocks) return [];
  const { offsets, ids } = prefixBlocks;
  return Array.from({ length: offsets.length - 1 }, (_, i) => [...ids.slice(offsets[i], offsets[i + 1])]);
};

/** Ids from 0 in order of first appearance. */
export function renumbered(lists: readonly (readonly (number | string)[])[]): number[][] {
  const numbers = new Map<number | string, number>();
  return lists.map((ids) =>
    ids.map((id) => {
      const number = numbers.get(id) ?? numbers.size;
      numbers.set(id, number);
      return number;
    }),
  );
}
