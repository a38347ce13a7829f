import { MOST_TRACE_TOKENS } from '../../src-worker/engine/workload/trace.ts';
import type { FieldValue, TraceFormat } from './formats/format.ts';
import { numberIn } from './formats/format.ts';

/** One request as its row says it. */
export interface RequestRow {
  /** In the units of its format. */
  time: number;
  promptTokens: number;
  /** 0 only where the format takes such requests. */
  outputTokens: number;
  cachedTokens: number;
  /** Ids of blocks or tokens, empty where the row has none. */
  content: readonly (number | string)[];
}

/** Why a row cannot be used. No exception: a million of them would take a minute of stack traces. */
export interface RowProblem {
  /** The reason without values. */
  kind: string;
  sentence: string;
}

export const isProblem = (row: RequestRow | RowProblem): row is RowProblem => 'kind' in row;

/** Characters of a value that a sentence shows. */
const LONGEST_SHOWN = 40;

/** What stands in the file, short, and without characters that would steer a terminal. */
export function shown(value: FieldValue): string {
  if (typeof value === 'string') {
    // eslint-disable-next-line no-control-regex -- see above
    return JSON.stringify(value.slice(0, LONGEST_SHOWN).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' '));
  }
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return String(value);
}

const thousands = (count: number): string => count.toLocaleString('en-US');
const isMissing = (value: FieldValue): boolean =>
  value === undefined || value === null || (typeof value === 'string' && value.trim() === '');

/** Reads the rows of one file; `cachedField` is what that file calls its cached tokens, null where it has none. */
export function requestReader(
  format: TraceFormat,
  cachedField: string | null,
): (at: (field: string) => FieldValue) => RequestRow | RowProblem {
  const { arrival, promptTokens, outputTokens, content } = format;
  const timeIn = arrival.reader();
  const least = format.withoutOutput === 'one_token' ? 0 : 1;
  return (at) => {
    const time = timeIn(at(arrival.field));
    if (time === null) return refused(arrival.field, at(arrival.field), arrival.wanted);
    const prompt = tokensIn(promptTokens, at(promptTokens), 1);
    if (typeof prompt !== 'number') return prompt;
    const answer = at(outputTokens);
    if (least === 1 && numberIn(answer) === 0) return failed(outputTokens);
    const output = tokensIn(outputTokens, answer, least);
    if (typeof output !== 'number') return output;
    const cached = cachedField === null ? 0 : cachedIn(cachedField, at(cachedField), prompt);
    if (typeof cached !== 'number') return cached;
    const ids = content === null ? [] : idsIn(content.field, at(content.field));
    if ('kind' in ids) return ids;
    return { time, promptTokens: prompt, outputTokens: output, cachedTokens: cached, content: ids };
  };
}

function refused(field: string, value: FieldValue, wanted: string): RowProblem {
  if (isMissing(value)) return { kind: `${field} is missing`, sentence: `${field} is missing: give ${wanted}.` };
  return { kind: `${field} is not ${wanted}`, sentence: `${field} is ${shown(value)}: give ${wanted}.` };
}

const failed = (field: string): RowProblem => ({
  kind: `${field} is 0: the request failed`,
  sentence: `${field} is 0, the mark of a request that failed: nothing was served, and it is not replayed.`,
});

function tokensIn(field: string, value: FieldValue, least: number): number | RowProblem {
  const tokens = numberIn(value);
  if (tokens === null || !Number.isInteger(tokens) || tokens < least) {
    return refused(field, value, `a whole number of tokens from ${least}`);
  }
  if (tokens <= MOST_TRACE_TOKENS) return tokens;
  const most = thousands(MOST_TRACE_TOKENS);
  return {
    kind: `${field} is above ${most}`,
    sentence: `${field} is ${thousands(tokens)}: no request has more than ${most} tokens, correct it.`,
  };
}

/** An empty cell is nothing cached. A prompt that is cached whole still has its last token computed, to give the first one. */
function cachedIn(field: string, value: FieldValue, promptTokens: number): number | RowProblem {
  if (isMissing(value)) return 0;
  const tokens = tokensIn(field, value, 0);
  if (typeof tokens !== 'number') return tokens;
  if (tokens <= promptTokens) return Math.min(tokens, promptTokens - 1);
  return {
    kind: `${field} is above the tokens of the prompt`,
    sentence: `${field} is ${thousands(tokens)} of ${thousands(promptTokens)} tokens of the prompt: no more than these can be cached, correct one of them.`,
  };
}

/** Ids beyond 2^53 come rounded; that two of them become one is as unlikely as with any hash of 53 bits. */
const isId = (value: FieldValue): boolean => Number.isInteger(value) || typeof value === 'string';

function idsIn(field: string, value: FieldValue): readonly (number | string)[] | RowProblem {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every(isId)) return value as (number | string)[];
  const given = Array.isArray(value)
    ? `has ${shown((value as unknown[]).find((id) => !isId(id)))}`
    : `is ${shown(value)}`;
  const wanted = 'a list of whole numbers or texts';
  return { kind: `${field} is not ${wanted}`, sentence: `${field} ${given}: give ${wanted}.` };
}
