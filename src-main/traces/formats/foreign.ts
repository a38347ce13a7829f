import { zeroBytes } from '../../measurements/zero-bytes.ts';

/** Files that people take for traces, told by name instead of refused mutely. Each sentence goes on after `x.json is `. */

const OWN_CSV = 'arrival_s,input_tokens,output_tokens';

interface ForeignText {
  words: string;
  /** What the file begins with. */
  pattern: RegExp;
}

const COMPRESSED = 'a compressed file: unpack it and give what is in it';
/** Told before anything is read. What is no UTF-8 has become the replacement character. */
const BINARIES: readonly { words: string; begins: string }[] = [
  { words: COMPRESSED, begins: '\u001f\uFFFD' }, // gzip
  { words: COMPRESSED, begins: 'PK\u0003\u0004' }, // zip
  { words: COMPRESSED, begins: '(\uFFFD/\uFFFD' }, // zstd
  { words: `a table in Parquet: write it as a CSV with the columns ${OWN_CSV}`, begins: 'PAR1' },
];

const TEXTS: readonly ForeignText[] = [
  {
    words: `a list of conversations, which says neither when a request arrives nor how many tokens it has: count the tokens of prompts and answers with the tokenizer of the model, choose times, and write a CSV with the columns ${OWN_CSV}`,
    pattern: /^\s*[[{][^]*?"(?:conversations?|messages|prompts?|text_input)"\s*:/,
  },
  {
    words:
      'the result of a benchmark, which says what was measured and not when each request came: configiq import-benchmark reads results',
    pattern: /^\s*[[{][^]*?"(?:request_throughput|benchmarks|load_summary|successes)"\s*:/,
  },
  {
    words: 'one list in JSON: write one request a line (JSON lines), without the brackets around them',
    pattern: /^\s*\[/,
  },
  { words: 'a measurement file: configiq validate --measurements takes it', pattern: /^point_id,/ },
  { words: 'a page of the web: get the file itself', pattern: /^\s*<(?:!doctype|html)/i },
];

/** What a file is that is no text, by how it begins; null = it is text, or nobody knows. */
export function binaryWords(start: string): string | null {
  const known = BINARIES.find(({ begins }) => start.startsWith(begins));
  if (known) return known.words;
  switch (zeroBytes(start)) {
    case 'utf16':
      return 'text in UTF-16, or a binary file: save it as text in UTF-8';
    case 'some':
      return 'damaged or binary, it holds zero bytes, which no text has: get it once more';
    case null:
      return null;
  }
}

/** What a text is that no format reads, by how it begins; null = nobody knows. */
export const foreignWords = (start: string): string | null =>
  TEXTS.find(({ pattern }) => pattern.test(start))?.words ?? null;
