import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { describe, expect, it } from 'vitest';
import { BadRecord, csvRecords } from '../../src-main/measurements/csv-records.ts';
import { randomFrom } from './random.ts';

async function* inPieces(text: string, length: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += length) yield await Promise.resolve(text.slice(at, at + length));
}

async function recordsOf(text: string, pieceLength = 7) {
  const found: { cells: string[]; line: number }[] = [];
  for await (const records of csvRecords(inPieces(text, pieceLength))) found.push(...records);
  return found;
}

const refusal = async (text: string): Promise<BadRecord> => {
  try {
    await recordsOf(text, 50_000);
  } catch (thrown) {
    if (thrown instanceof BadRecord) return thrown;
    throw thrown;
  }
  throw new Error('it was read');
};

describe('records of CSV', () => {
  it('are those csv-parse finds, in whatever pieces they come', async () => {
    const random = randomFrom(7);
    const marks = ['a', '1.5', '"', '""', ',', '\n', '\r\n', ' ', 'é', '漢', ''];
    for (let round = 0; round < 400; round += 1) {
      const columns = 1 + random.below(5);
      const rows = Array.from({ length: 1 + random.below(6) }, () =>
        // A row of one empty cell is an empty line, which is no row.
        Array.from(
          { length: columns },
          () => 'x' + Array.from({ length: random.below(6) }, () => random.of(marks)).join(''),
        ),
      );
      const delimiter = random.of(['\n', '\r\n']);
      // Between \r\n csv-stringify leaves a lone \n bare, which only its own parser tells from the end of a row.
      const quoted = delimiter === '\r\n' || random.below(2) === 1;
      const text = stringify(rows, { record_delimiter: delimiter, quoted });
      const expected = parse(text, { info: true }) as unknown as { record: string[] }[];
      const found = await recordsOf(text, 1 + random.below(9));
      expect(found.map(({ cells }) => cells)).toEqual(expected.map(({ record }) => record));
      expect(found.map(({ cells }) => cells)).toEqual(rows);
    }
  });

  it('know the line they begin on, whatever lines their cells have', async () => {
    const found = await recordsOf('\uFEFFa,b\n\n"x\ny",2\r\n3,4');
    expect(found).toEqual([
      { cells: ['a', 'b'], line: 1 },
      { cells: ['x\ny', '2'], line: 3 },
      { cells: ['3', '4'], line: 5 },
    ]);
  });

  it('with a quote that is never closed are refused at its line, however long the file', async () => {
    expect(await refusal('a,b\n1,2\n"3,4\n5,6')).toMatchObject({
      line: 3,
      message: expect.stringMatching(/never closed/) as string,
    });
    expect(await refusal(`a,b\n"${'1,2\n'.repeat(60_000)}`)).toMatchObject({ line: 2 });
    expect(await refusal('a,b\n"1"2,3\n')).toMatchObject({
      line: 2,
      message: expect.stringMatching(/beside/) as string,
    });
  });

  it('without any line are refused before a gigabyte is gathered', async () => {
    expect(await refusal('0'.repeat(300_000))).toMatchObject({
      line: 1,
      message: expect.stringMatching(/100000 characters/) as string,
    });
  });
});
