import { expect, test } from 'vitest';
import { columnBuilder } from '../../src-worker/answers/column-builder.ts';
import { summaryOf } from '../../src-worker/answers/sweep/unit-summary.ts';
import { isAskedBefore, newPast, paceMeter } from '../../src-worker/pool/pace.ts';
import { packed } from '../../src-worker/pool/packed-batch.ts';
import type { Job } from '../../src-worker/pool/sweep-run.ts';
import type { CallOutcome } from '../../src-worker/pool/thread.ts';
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

/** A thread that has compiled what it runs, and has seen no input. */
const warmPast = () => ({ ...newPast(), sizings: 1e6 });

test('the first unit of an input on a thread searches, the next ones only write rows', () => {
  const meter = paceMeter();
  const past = warmPast();
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

test('rows of a thread that still compiles what it runs tell of no pace: a short first sweep is several times slower', () => {
  const meter = paceMeter();
  const past = newPast();
  meter.addUnit(job(input), unit(2000, 1000), past);
  meter.addUnit(job(input), unit(600, 2999), past);
  meter.addUnit(job(input), unit(200, 1), past);
  expect(meter.pace().msPerSizing).toBeNull();
  meter.addUnit(job(input), unit(50, 1000), past);
  expect(meter.pace().msPerSizing).toBe(0.05);
  // What a sweep of another input compiled is compiled.
  const other = sizeInputSchema.parse({ model: 'm', workload: 'rag' });
  meter.addUnit(job(other), unit(100, 1000), past);
  meter.addUnit(job(other), unit(150, 1000), past);
  expect(meter.pace().msPerSizing).toBe(0.1);
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

test('a share of the searches of a size question tells of that many', () => {
  const meter = paceMeter();
  meter.addShare([input, model, ['a', 'b'], 8], { kind: 'answered', ms: 12, result: success([]) }, newPast());
  expect(meter.pace()).toEqual({
    searches: [{ input, model, ms: 12, rows: 0, share: 0.25, isCold: true }],
    msPerSizing: null,
  });
});

test('the answer of a size question tells of neither, as it explains what a sweep does not; its plans are remembered', () => {
  const meter = paceMeter();
  const past = warmPast();
  meter.addUnit(job(input), unit(100, 10), past);
  meter.addUnit(job(input), unit(20, 10), past);
  const before = meter.pace();
  const rag = { ...input, workload: 'rag' as const };
  meter.addSize([input, model], past);
  meter.addSize([rag, model], past);
  expect(meter.pace()).toEqual(before);
  expect(isAskedBefore(past, { ...rag, users: 7 })).toBe(true);
  // Its searches were done for the question, so this unit's time tells of none.
  meter.addUnit(job(rag), unit(3, 1), past);
  expect(meter.pace()).toEqual(before);
});
