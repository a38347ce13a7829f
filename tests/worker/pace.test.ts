import { expect, test } from 'vitest';
import { columnBuilder } from '../../src-worker/answers/column-builder.ts';
import { summaryOf } from '../../src-worker/answers/sweep/unit-summary.ts';
import { newPast, paceMeter } from '../../src-worker/pool/pace.ts';
import { packed } from '../../src-worker/pool/packed-batch.ts';
import type { Job } from '../../src-worker/pool/sweep-run.ts';
import type { CallOutcome } from '../../src-worker/pool/thread.ts';
import type { SizeDocument } from '../../src-worker/protocol/documents.ts';
import { sizeInputSchema, type SizeInput } from '../../src-worker/protocol/requests.ts';
import { failure, success } from '../../src-worker/protocol/result.ts';
import { SCRIPTED_COLUMNS } from './fixtures/scripted-worker.ts';
import { scripted, scriptedUnits } from './fixtures/sweeps.ts';

const input = sizeInputSchema.parse({ model: 'm' });
const [anyUnit] = scriptedUnits(1, 1);
if (!anyUnit) throw new Error('no unit');
const model = scripted({});
const job = (of: SizeInput): Job => ({
  index: 0,
  unit: { ...anyUnit, input: of },
  model,
  attempt: 1,
  control: new Int32Array(2),
  liveEvery: 1,
});
const rowsOf = (rows: number) => {
  const builder = columnBuilder(SCRIPTED_COLUMNS);
  for (let row = 0; row < rows; row += 1) builder.add(() => null);
  const batch = builder.build();
  return { packed: packed(batch), summary: summaryOf(batch, [], 1) };
};
const unit = (ms: number, rows: number, kind: 'done' | 'cancelled' = 'done'): CallOutcome<'sweepUnit'> => ({
  kind: 'answered',
  ms,
  result: success({ kind, ...rowsOf(rows) }),
});

test('the first unit of an input on a thread searches, the next ones only write rows', () => {
  const meter = paceMeter();
  const past = newPast();
  expect(meter.pace()).toEqual({ searches: [], msPerSizing: null });
  meter.addUnit(job(input), unit(100, 10), past);
  meter.addUnit(job(input), unit(20, 10), past);
  meter.addUnit(job(input), unit(40, 20), past);
  // Another thread has to search for itself.
  meter.addUnit(job(input), unit(90, 10), newPast());
  const { searches, msPerSizing } = meter.pace();
  expect(searches.map(({ ms, rows, isCold }) => [ms, rows, isCold])).toEqual([
    [100, 10, true],
    [90, 10, true],
  ]);
  expect(msPerSizing).toBe(2);
});

test('only a search that a thread cannot have remembered tells of searches', () => {
  const meter = paceMeter();
  const past = newPast();
  const asked = (draft: object) => {
    const before = meter.pace().searches.length;
    meter.addUnit(job(sizeInputSchema.parse({ model: 'm', ...draft })), unit(10, 1), past);
    return meter.pace().searches.length > before;
  };
  expect(asked({ quantization: ['fp16'], gpu: ['a'], tp: 1 })).toBe(true);
  expect(asked({ quantization: ['fp16'], gpu: ['a'], tp: 2 })).toBe(true);
  expect(asked({ quantization: ['fp16'], gpu: ['b'], tp: 2 })).toBe(true);
  expect(asked({ quantization: ['fp8'], gpu: ['b'], tp: 2 })).toBe(true);
  expect(asked({ quantization: ['fp16', 'int4'], gpu: ['a'], tp: 2 })).toBe(false);
  expect(asked({ quantization: ['fp16'] })).toBe(false);
  expect(asked({ quantization: ['fp16'], workload: 'rag' })).toBe(true);
});

test('samples are few and the latest', () => {
  const meter = paceMeter();
  for (let ms = 1; ms <= 20; ms += 1) meter.addUnit(job(input), unit(ms, 1), newPast());
  expect(meter.pace().searches.map(({ ms }) => ms)).toEqual([13, 14, 15, 16, 17, 18, 19, 20]);
});

test('what was cut short, failed or died says nothing', () => {
  const meter = paceMeter();
  const error = { family: 'bug', code: 'x', message: 'x', details: {} } as const;
  meter.addUnit(job(input), unit(1, 1, 'cancelled'), newPast());
  meter.addUnit(job(input), { kind: 'died', error }, newPast());
  meter.addUnit(job(input), { kind: 'answered', ms: 1, result: failure(error) }, newPast());
  expect(meter.pace()).toEqual({ searches: [], msPerSizing: null });
});

test('a size question tells of searches at first, and of rows when only its load or place is edited', () => {
  const meter = paceMeter();
  const past = newPast();
  const answer = (passing: number): CallOutcome<'size'> => ({
    kind: 'answered',
    ms: 50,
    result: success({ num_passing: passing, recommendations: [{}], excluded: [{}] } as unknown as SizeDocument),
  });
  meter.addSize([input, model], answer(4), past);
  expect(meter.pace()).toEqual({
    searches: [{ input, model, ms: 50, rows: 5, share: 1, isCold: true }],
    msPerSizing: null,
  });
  meter.addSize([{ ...input, users: 7, top: 100 }, model], answer(9), past);
  expect(meter.pace()).toMatchObject({ searches: [{}], msPerSizing: 5 });
  // Some plans are known, some not: it tells of neither.
  meter.addSize([{ ...input, provider: ['gcp'] }, model], answer(1), past);
  // Where nothing passes, other questions are asked along with it.
  meter.addSize([{ ...input, workload: 'rag' }, model], answer(0), past);
  expect(meter.pace()).toMatchObject({ searches: [{}], msPerSizing: 5 });
});

test('a share of the searches tells of that many, and what follows it of rows', () => {
  const meter = paceMeter();
  const past = newPast();
  meter.addShare([input, model, ['a', 'b'], 8], { kind: 'answered', ms: 12, result: success([]) }, past);
  const sized: CallOutcome<'size'> = {
    kind: 'answered',
    ms: 20,
    result: success({ num_passing: 4, recommendations: [], excluded: [] } as unknown as SizeDocument),
  };
  const capacities = [{ key: 'c', capacity: { kind: 'found', ratePerMs: 1, binding: 'kv' } }] as const;
  meter.addSize([input, model, capacities], sized, past);
  expect(meter.pace()).toEqual({
    searches: [{ input, model, ms: 12, rows: 0, share: 0.25, isCold: true }],
    msPerSizing: 5,
  });
});
