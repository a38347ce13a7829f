import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_LINE_CHARACTERS } from '../../src-main/traces/json-lines.ts';
import { MAX_TRACE_BYTES, readTrace, readTraceText } from '../../src-main/traces/read.ts';
import { ownFormat } from '../../src-main/traces/formats/own.ts';
import { MOST_REQUESTS, RequestColumns } from '../../src-main/traces/request-columns.ts';

let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'configiq-traces-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEADER = 'arrival_s,input_tokens,output_tokens';
/** The longest an error may be in the terminal. */
const LONGEST_MESSAGE = 600;

async function refusal(reading: Promise<unknown>): Promise<string> {
  try {
    await reading;
  } catch (thrown) {
    expect(thrown).toMatchObject({ name: 'ConfigIqError', family: 'file' });
    const { code, message } = thrown as { code: string; message: string };
    expect(message.length).toBeLessThanOrEqual(LONGEST_MESSAGE);
    return `${code}: ${message}`;
  }
  return 'was read';
}
const refusalOf = (text: string) => refusal(readTraceText(text, 'x.csv'));
const refusalOfBytes = (bytes: Uint8Array) => {
  const path = join(folder, 'bytes');
  writeFileSync(path, bytes);
  return refusal(readTrace(path, 'x.csv'));
};

describe('a row that cannot be is skipped, with field, value and cure', () => {
  it.each([
    ['-3,100,20', 'arrival_s is "-3": give seconds from 0.'],
    ['nan,100,20', 'arrival_s is "nan": give seconds from 0.'],
    ['Infinity,100,20', 'arrival_s is "Infinity": give seconds from 0.'],
    ['1e999,100,20', 'arrival_s is "1e999": give seconds from 0.'],
    ['0x10,100,20', 'arrival_s is "0x10": give seconds from 0.'],
    [',100,20', 'arrival_s is missing: give seconds from 0.'],
    ['1,0,20', 'input_tokens is "0": give a whole number of tokens from 1.'],
    ['1,-5,20', 'input_tokens is "-5": give a whole number of tokens from 1.'],
    ['1,12.5,20', 'input_tokens is "12.5": give a whole number of tokens from 1.'],
    ['1,"1,024",20', 'input_tokens is "1,024": give a whole number of tokens from 1.'],
    ['1,\u001b[31mred,20', 'input_tokens is " [31mred": give a whole number of tokens from 1.'],
    ['1,1e9,20', 'input_tokens is 1,000,000,000: no request has more than 10,000,000 tokens, correct it.'],
    ['1,100,1000000000', 'output_tokens is 1,000,000,000: no request has more than 10,000,000 tokens, correct it.'],
    ['1,100,-1', 'output_tokens is "-1": give a whole number of tokens from 0.'],
    ['1,100, ', 'output_tokens is missing: give a whole number of tokens from 0.'],
    [
      '1,100',
      'It has 2 cells, and the header 3: put quotes around a cell that holds a comma, or fill in what is missing.',
    ],
    [
      '1,2,3,4',
      'It has 4 cells, and the header 3: put quotes around a cell that holds a comma, or fill in what is missing.',
    ],
    [HEADER, 'arrival_s is "arrival_s": give seconds from 0.'],
  ])('%j', async (row, reason) => {
    const found = await readTraceText(`${HEADER}\n0,7,7\n${row}\n2,8,8\n`, 'x.csv');
    expect(found).toMatchObject({ rows: 3, skipped: [{ line: 3, reason }], skippedCount: 1 });
    expect([...found.trace.promptTokens]).toEqual([7, 8]);
    expect([...found.trace.arrivalMs]).toEqual([0, 2000]);
  });

  it('ten thousand of them one by one, all by their reasons', async () => {
    const bad = Array.from({ length: 12_000 }, (_, i) => `${i},${i % 3 === 0 ? 'x' : '1e9'},1`);
    const found = await readTraceText([HEADER, '0,7,7', ...bad].join('\n'), 'x.csv');
    expect(found).toMatchObject({ rows: 12_001, skippedCount: 12_000 });
    expect(found.skipped).toHaveLength(10_000);
    expect(found.reasons).toEqual([
      { reason: 'input_tokens is above 10,000,000', count: 8000, example: found.skipped[1] },
      { reason: 'input_tokens is not a whole number of tokens from 1', count: 4000, example: found.skipped[0] },
    ]);
  });
});

describe('a file that is no trace is refused in a sentence', () => {
  it.each([
    ['nothing', '', /^trace_empty: x.csv is empty: give a trace/],
    ['empty lines', '\uFEFF\r\n \n', /^trace_empty: x.csv is empty/],
    ['a header', `${HEADER}\n`, /^trace_empty: x.csv has a header and no row: give a trace/],
    [
      'rows of which none can be',
      `${HEADER}\n1,1e9,1\n1,5,x\n`,
      /^trace_empty: x.csv holds no request that can be replayed: line 2: input_tokens is 1,000,000,000: .* correct it\. \(and 1 more\)/,
    ],
    [
      'a missing column',
      'arrival_s,input_tokens,tokens\n',
      /^trace_format_unknown: x.csv is short of output_tokens for a CSV/,
    ],
    ['another missing column', 'TIMESTAMP,GeneratedTokens\n', /short of ContextTokens for a trace of Azure/],
    ['a missing key', '{"timestamp": 1, "input_length": 5}\n', /short of output_length for a trace of Mooncake/],
    ['a column twice', `${HEADER},input_tokens\n1,1,1,1\n`, /two columns input_tokens: leave one/],
    ['two names of one column', `${HEADER},cached_tokens,prefix_tokens\n`, /both cached_tokens and prefix_tokens/],
    ['no header', '0.5,100,20\n0.7,100,20\n', /without a header: put arrival_s,input_tokens,output_tokens in front/],
    ['semicolons', `${HEADER.replaceAll(',', ';')}\n1;2;3\n`, /not divided by commas: write commas/],
    [
      'another table',
      'name,age\nx,3\n',
      /in no format of traces: it can be .*Azure.*Mooncake.*LLMServingSim.*BurstGPT/,
    ],
    ['a measurement file', 'point_id,model\n', /validate --measurements/],
    ['a page', '<!DOCTYPE html><html><p class="a">"x', /page of the web/],
    ['an unclosed quote', `${HEADER}\n1,2,3\n"4,5,6\n7,8,9\n`, /^file_unreadable: x.csv cannot be read from line 3/],
    [
      'conversations',
      JSON.stringify([{ id: '1', conversations: [{ from: 'human', value: 'Hello!' }] }]),
      /neither when a request arrives nor how many tokens.* tokenizer .* write a CSV/,
    ],
    ['conversations in lines', '{"messages": [{"role": "user", "content": "x"}]}\n', /list of conversations/],
    [
      'a list',
      '[{"timestamp": 1, "input_length": 5, "output_length": 3}]',
      /one list in JSON: write one request a line/,
    ],
    ['a result', '{"request_throughput": 3.2, "duration": 100}', /result of a benchmark/],
    ['broken JSON', '{"timestamp": 1,\n "input_length": 5,\n', /none of its first lines is a whole document of JSON/],
    ['nested JSON', '{"a":'.repeat(100_000), /none of its first lines is a whole document/],
  ])('%s', async (_, text, sentence) => {
    expect(await refusalOf(text)).toMatch(sentence);
  });

  it('compressed or binary', async () => {
    expect(await refusalOfBytes(gzipSync(HEADER))).toMatch(/compressed file: unpack it/);
    expect(await refusalOfBytes(Buffer.from('PAR1\u0015\u0004'))).toMatch(/Parquet/);
    expect(await refusalOfBytes(Buffer.from(`${HEADER}\n1,2,3\n`, 'utf16le'))).toMatch(/UTF-16/);
    expect(await refusalOfBytes(Buffer.from(`${HEADER}\n1,2,\0\n`))).toMatch(/zero bytes/);
  });

  it('missing, or a folder', async () => {
    expect(await refusal(readTrace(join(folder, 'missing.csv'), 'missing.csv'))).toBe(
      'file_missing: missing.csv does not exist: check the path.',
    );
    expect(await refusal(readTrace(folder, 'folder'))).toMatch(/^file_unreadable: folder is a folder/);
  });

  it('of a gigabyte, without reading it', async () => {
    const path = join(folder, 'large.csv');
    const file = openSync(path, 'w');
    ftruncateSync(file, MAX_TRACE_BYTES + 1);
    closeSync(file);
    expect(await refusal(readTrace(path, 'large.csv'))).toBe(
      'file_too_large: large.csv has 900,000,001 bytes, and at most 900,000,000 are read: give a part of it, an hour or a day.',
    );
  });

  it('without a line end', async () => {
    expect(await refusalOf('x'.repeat(200_000))).toMatch(/^file_unreadable: .*line 1 on: it has more than 100000 char/);
    expect(await refusalOf(`{"a":"${'x'.repeat(MAX_LINE_CHARACTERS)}`)).toMatch(
      /^file_unreadable: .*line 1 has more than/,
    );
  });

  it('with more requests than are replayed', () => {
    const columns = new RequestColumns('x.csv', ownFormat, false);
    const row = { time: 0, promptTokens: 2, outputTokens: 3, cachedTokens: 0, content: [] };
    for (let i = 0; i < MOST_REQUESTS; i += 1) columns.add(row, i + 2);
    expect(() => {
      columns.add(row, MOST_REQUESTS + 2);
    }).toThrow(
      'x.csv has more than 5,000,000 requests, the most that are replayed: give a part of it, an hour or a day.',
    );
  });

  it('with a time that belongs to another trace, or to another unit', async () => {
    expect(await refusalOf(`${HEADER}\n1,2,3\n2,2,3\n1787267980,2,3\n`)).toBe(
      'trace_times: x.csv lasts 57 years by arrival_s, from line 2 to line 4: one of the two is no time of this trace, or of another unit; correct it.',
    );
  });
});
