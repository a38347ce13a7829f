/** Value of a row's field as it stands in the file: the text of a cell, or what JSON has there. */
export type FieldValue = unknown;

/** When a request arrives. */
export interface ArrivalField {
  field: string;
  /** Milliseconds of one unit of what `reader` gives. */
  msPerUnit: number;
  /**
   * A reader for the rows of one file: a number of units from a start that they share; null where the value is no time that
   * can be.
   */
  reader: () => (value: FieldValue) => number | null;
  /** What has to stand there, for people. */
  wanted: string;
}

/** What says which prompts begin alike. */
export interface ContentField {
  field: string;
  /** `block_ids`: one id a block, equal ids = equal prefix. `token_ids`: the tokens themselves. */
  kind: 'block_ids' | 'token_ids';
}

/**
 * One format of request traces: one file beside this one and its line in `registry.ts`. It is told by its fields alone, never
 * by the name of the file: a CSV has all three as columns, a line of JSON as keys.
 */
export interface TraceFormat {
  format: string;
  /** What it is, for people. */
  words: string;
  container: 'csv' | 'json_lines';
  arrival: ArrivalField;
  promptTokens: string;
  outputTokens: string;
  /** Names of the field that says how many tokens of the prompt are found in a prefix cache, where the format has one. */
  cachedTokens: readonly string[];
  content: ContentField | null;
  /** What 0 output tokens mean: a request that failed, or one whose prompt was computed and gave its first token at most. */
  withoutOutput: 'failed' | 'one_token';
  /** Sentences about fields which mean more, or other things, than is replayed. */
  remarks: Readonly<Record<string, string>>;
}

const NUMBER = /^\s*\+?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;

/** A finite number from 0, also written as text; null where it is none. */
export function numberIn(value: FieldValue): number | null {
  const number =
    typeof value === 'number' ? value : typeof value === 'string' && NUMBER.test(value) ? Number(value) : NaN;
  return Number.isFinite(number) && number >= 0 ? number : null;
}
