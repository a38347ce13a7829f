import { describe, expect, test } from 'vitest';
import { columnTests } from '../../../src-worker/answers/run-rows/column-tests.ts';
import { OrderedRows, type RunBatch } from '../../../src-worker/answers/run-rows/rows-page.ts';
import { cellsOf, NO_TEXT, plainBatch, type ColumnBatch } from '../../../src-worker/protocol/columns.ts';
import { readNumberFilter, readTextFilter } from '../../../src-worker/protocol/filter-expression.ts';

/** A generator of our own, so that a failing case can be had again by its seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const COLUMNS = ['point_id', 'load', 'name', 'cost', 'id'];
const NUMBERS = new Set(['point_id', 'load', 'cost']);
const PLACES = ['g6.2xlarge/', 'g6.12xlarge/', 'G6.2xlarge/', 'a3-highgpu-8g/', '模/'];
const PLANS = ['tp1', 'tp2', 'tp10'];

/** A star: a table with few entries each, products of two of its numbers and texts joined of two. */
function starBatch(random: (below: number) => number, rows: number, first: number): ColumnBatch {
  const someNumber = (): number =>
    [Number.NaN, 0, -0, random(3), random(1000) / 7, -random(50), 1e-9 * random(9), 1e12 + random(4)][random(8)] ?? 0;
  const numbers = (entries: number) => Float64Array.from({ length: entries }, someNumber);
  const texts = (entries: number, dictionary: string[]) => ({
    codes: Uint32Array.from({ length: entries }, () => (random(5) === 0 ? NO_TEXT : random(dictionary.length))),
    dictionary,
  });
  const keys = (entries: number) => Uint16Array.from({ length: rows }, () => random(entries));
  const [loads, offers, plans] = [1 + random(9), 1 + random(6), 1 + random(4)];
  return {
    rows,
    order: COLUMNS,
    tables: [
      {
        entries: rows,
        keys: null,
        numbers: { point_id: Float64Array.from({ length: rows }, (_, row) => first + Math.floor(row / 3)) },
        texts: {},
      },
      { entries: loads, keys: keys(loads), numbers: { load: numbers(loads) }, texts: { name: texts(loads, PLACES) } },
      {
        entries: offers,
        keys: keys(offers),
        numbers: { price: numbers(offers) },
        texts: { place: texts(offers, PLACES) },
      },
      { entries: plans, keys: keys(plans), numbers: { count: numbers(plans) }, texts: { plan: texts(plans, PLANS) } },
    ],
    products: { cost: ['price', 'count'] },
    joined: { id: ['place', 'plan'] },
  };
}

/** As an earlier version stored it: a value of its own in every row. */
function flatBatch(star: ColumnBatch): ColumnBatch {
  const numbers: Record<string, Float64Array> = {};
  const texts: Record<string, { codes: Uint32Array; dictionary: string[] }> = {};
  for (const column of COLUMNS) {
    const cells = Array.from({ length: star.rows }, (_, row) => cellsOf(star, column)(row));
    if (NUMBERS.has(column))
      numbers[column] = Float64Array.from(cells, (cell) => (cell === null ? Number.NaN : Number(cell)));
    else {
      const dictionary = [...new Set(cells.filter((cell) => cell !== null).map(String))];
      texts[column] = {
        codes: Uint32Array.from(cells, (cell) => (cell === null ? NO_TEXT : dictionary.indexOf(String(cell)))),
        dictionary,
      };
    }
  }
  return plainBatch(star.rows, COLUMNS, numbers, texts);
}

interface Asked {
  sort: { column: string; descending: boolean } | null;
  filters: { column: string; expression: string }[];
  onlyBest: boolean;
}

interface Cells {
  place: number;
  values: Record<string, number | string | null>;
}

const COLLATOR = new Intl.Collator('en', { numeric: true });

/** All rows in one array, filtered and sorted by the language. */
function oracle(run: readonly RunBatch[], { sort, filters, onlyBest }: Asked): Cells[] {
  let start = 0;
  const all = run.flatMap(({ batch, best }) => {
    const kept = onlyBest ? [...best()] : Array.from({ length: batch.rows }, (_, row) => row);
    const cells = kept.map((row) => ({
      place: start + row,
      values: Object.fromEntries(COLUMNS.map((column) => [column, cellsOf(batch, column)(row)])),
    }));
    start += batch.rows;
    return cells;
  });
  const passing = all.filter(({ values }) =>
    filters.every(({ column, expression }) => {
      const filter = (NUMBERS.has(column) ? readNumberFilter : readTextFilter)(expression);
      return filter.kind !== 'test' || filter.test(values[column] ?? null);
    }),
  );
  if (!sort) return passing;
  const { column, descending } = sort;
  const compare = (one: number | string, other: number | string): number =>
    typeof one === 'number' ? one - Number(other) : COLLATOR.compare(one, String(other));
  return passing.sort((one, other) => {
    const [a, b] = [one.values[column] ?? null, other.values[column] ?? null];
    if (a === null || b === null) return Number(a === null) - Number(b === null) || one.place - other.place;
    return (descending ? compare(b, a) : compare(a, b)) || one.place - other.place;
  });
}

/** The end of a work that pauses. */
function finished<Value>(work: Generator<void, Value>): Value {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

function askedOf(run: readonly RunBatch[], { sort, filters, onlyBest }: Asked): OrderedRows {
  const [sample] = run;
  const tests = sample
    ? columnTests(
        filters.map((filter) => ({ ...filter, unit: 'stored' as const })),
        COLUMNS,
        sample.batch,
      )
    : [];
  return new OrderedRows({ batches: () => run, textRanks: new Map() }, { sort, tests, onlyBest });
}

function randomRun(seed: number): RunBatch[] {
  const random = randomFrom(seed);
  let first = 0;
  return Array.from({ length: 1 + random(5) }, () => {
    const rows = 1 + random(60);
    const star = starBatch(random, rows, first);
    const batch = random(4) === 0 ? flatBatch(star) : star;
    first += Math.ceil(rows / 3);
    const best = Uint32Array.from({ length: rows }, (_, row) => row).filter((row) => row % 3 === 0 && random(3) > 0);
    return { batch, best: () => best };
  });
}

const FILTERS = [
  { column: 'cost', expression: '<20' },
  { column: 'cost', expression: '0..5 or >100' },
  { column: 'cost', expression: '!=0' },
  { column: 'load', expression: '>=1' },
  { column: 'load', expression: '!=2' },
  { column: 'point_id', expression: '3..40' },
  { column: 'name', expression: 'g6' },
  { column: 'name', expression: '' },
  { column: 'id', expression: 'tp1 G6' },
  { column: 'id', expression: 'nothing' },
];

describe('rows of a run by sort, filter and page', () => {
  test('are those of one array, filtered and sorted by the language, whatever is asked', () => {
    for (let seed = 1; seed <= 400; seed += 1) {
      const random = randomFrom(seed * 7919);
      const run = randomRun(seed);
      const column = COLUMNS[random(COLUMNS.length)] as string;
      const asked: Asked = {
        sort: random(5) === 0 ? null : { column, descending: random(2) === 1 },
        filters: FILTERS.filter(() => random(7) === 0),
        onlyBest: random(3) === 0,
      };
      const expected = oracle(run, asked);
      const ordered = askedOf(run, asked);
      for (const [offset, limit] of [
        [0, 500],
        [random(60), 1 + random(20)],
        [Math.max(0, expected.length - 1), 5],
        [expected.length, 5],
      ] as const) {
        const { rows, total } = finished(ordered.page(offset, limit));
        const places = expected.slice(offset, offset + limit).map(({ place }) => place);
        expect({ seed, asked, offset, total, places: rows.map(({ place }) => place) }).toEqual({
          seed,
          asked,
          offset,
          total: expected.length,
          places,
        });
      }
    }
  });

  test('pages one after the other hold every row once', () => {
    const run = randomRun(77);
    const asked: Asked = { sort: { column: 'cost', descending: true }, filters: [], onlyBest: false };
    const ordered = askedOf(run, asked);
    const places: number[] = [];
    for (let offset = 0; ; offset += 7) {
      const { rows } = finished(ordered.page(offset, 7));
      if (rows.length === 0) break;
      places.push(...rows.map(({ place }) => place));
    }
    expect(places).toEqual(oracle(run, asked).map(({ place }) => place));
  });

  test('many values, near to each other and far apart, are told apart without being sorted', () => {
    const rows = 20_000;
    const random = randomFrom(5);
    const kinds = [
      () => random(1e9),
      () => 1 + random(1e9) * 2 ** -52,
      () => 10 ** (random(400) - 200),
      () => (random(2) === 0 ? 1 : 1e300),
      () => (random(3) === 0 ? -1e308 : 1e308),
      () => random(3) * 5e-324,
      () => 7,
    ];
    for (const kind of kinds) {
      const values = Float64Array.from({ length: rows }, kind);
      const batch = plainBatch(rows, ['value'], { value: values }, {});
      const run = { batches: () => [{ batch, best: () => new Uint32Array(0) }], textRanks: new Map() };
      const expected = [...values.keys()].sort((a, b) => (values[a] as number) - (values[b] as number) || a - b);
      for (const offset of [0, 9_990, rows - 3]) {
        const sort = { column: 'value', descending: false };
        const { rows: found } = finished(new OrderedRows(run, { sort, tests: [], onlyBest: false }).page(offset, 20));
        expect(found.map(({ place }) => place)).toEqual(expected.slice(offset, offset + 20));
      }
    }
  });

  test('batches that are read anew for every pass give the same rows', () => {
    const run = randomRun(31);
    const asked: Asked = { sort: { column: 'id', descending: false }, filters: [FILTERS[2]!], onlyBest: false };
    const tests = columnTests([{ ...FILTERS[2]!, unit: 'stored' }], COLUMNS, run[0]!.batch);
    const again = {
      batches: () => run.map(({ batch, best }) => ({ batch: { ...batch }, best })),
      textRanks: new Map(),
    };
    const { rows } = finished(new OrderedRows(again, { ...asked, tests }).page(0, 500));
    expect(rows.map(({ place }) => place)).toEqual(oracle(run, asked).map(({ place }) => place));
  });

  test('an unknown column and a filter that is none are refused with what would work', () => {
    const [first] = randomRun(1);
    const ask = (column: string, expression: string) => () =>
      columnTests([{ column, expression, unit: 'stored' }], COLUMNS, first!.batch);
    expect(ask('kost', '<2')).toThrow('The run has no column "kost": did you mean "cost"?');
    expect(ask('cost', 'cheap')).toThrow('cost: "cheap" is no condition. Try >=40');
  });

  test('a share that tables show as a percentage may be held against percentages', () => {
    const utilization = Float64Array.of(0.07, 0.5, Number.NaN, 0.29);
    const batch = plainBatch(4, ['utilization'], { utilization }, {});
    const rowsFor = (unit: 'stored' | 'shown', expression: string) => {
      const tests = columnTests([{ column: 'utilization', expression, unit }], ['utilization'], batch);
      const run = { batches: () => [{ batch, best: () => new Uint32Array(0) }], textRanks: new Map() };
      const page = new OrderedRows(run, { sort: null, tests, onlyBest: false }).page(0, 10);
      return finished(page).rows.map(({ place }) => place);
    };
    expect(rowsFor('stored', '<0.3')).toEqual([0, 3]);
    expect(rowsFor('shown', '<30')).toEqual([0, 3]);
    expect(rowsFor('shown', '29')).toEqual([3]);
  });
});
