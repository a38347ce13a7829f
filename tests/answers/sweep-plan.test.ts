import { describe, expect, it } from 'vitest';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { readBundledModel } from '../../src-main/catalogs/models.ts';
import { prepareSizing } from '../../src-worker/answers/prepared.ts';
import { answerSize } from '../../src-worker/answers/size.ts';
import { answerSweepUnit } from '../../src-worker/answers/sweep/unit.ts';
import { placesOf, shardShare, surveySearches, sweepPlanDocument } from '../../src-worker/answers/sweep/survey.ts';
import { packed } from '../../src-worker/pool/packed-batch.ts';
import { planSweep } from '../../src-worker/engine/sweep/plan.ts';
import { sizeInputSchema, sweepSpecSchema, type SweepSpecDraft } from '../../src-worker/protocol/requests.ts';

const facts = loadFacts(bundledCatalogsFolder());
const MODEL = 'meta-llama/Llama-2-13b-hf';
const model = readBundledModel(bundledCatalogsFolder(), MODEL) ?? expect.fail(`${MODEL} is not bundled`);

function surveyed(draft: Omit<SweepSpecDraft, 'base'> & { base?: object }) {
  const spec = sweepSpecSchema.parse({ ...draft, base: { model: MODEL, users: 10, ...draft.base } });
  const plan = planSweep(spec, facts);
  const survey = surveySearches(plan.inputs, placesOf(plan.demand), new Map([[MODEL, model]]), facts);
  return { survey, document: sweepPlanDocument(spec, plan, survey, facts, null) };
}

const counts = (reasons: string[]): Record<string, number> => {
  const found: Record<string, number> = {};
  for (const reason of reasons) found[reason] = (found[reason] ?? 0) + 1;
  return found;
};

/** Reasons that only a search or a load can give. */
const LATER = ['sla_missed'];

describe('plan of a sweep', () => {
  it.each<[string, SweepSpecDraft['axes'], object]>([
    ['loads alone', { users: { from: 10, to: 300, step: 10 } }, {}],
    ['loads and headrooms', { users: { from: 10, to: 100, step: 10 }, headroom: [0, 25, 50] }, { provider: ['gcp'] }],
    ['regions and price lists', { users: [10, 1000], region: ['*'], pricing: ['ondemand', 'spot'] }, {}],
    ['prices', { users: [10, 100], price_factor: { from: 0.5, to: 2, step: 0.002 } }, {}],
    ['prices and zones', { users: [10, 100], price_factor: [0.8, 1, 1.2], zone: ['*'] }, { provider: ['gcp'] }],
    ['zones', { users: { from: 10, to: 100, step: 10 }, headroom: [0, 50], zone: ['*'] }, { provider: ['gcp'] }],
  ])('says what its rows will take within a factor of two: %s', (_, axes, base) => {
    const { document } = surveyed({ base: { users: undefined, quantization: ['fp16'], ...base }, axes });
    const spec = sweepSpecSchema.parse({ base: { model: MODEL, quantization: ['fp16'], ...base }, axes });
    let [rows, bytes] = [0, 0];
    for (const unit of planSweep(spec, facts).units) {
      const batch = packed(answerSweepUnit(unit, model, facts));
      rows += batch.rows;
      bytes += batch.data.length;
    }
    expect(document.rows).toBe(rows);
    expect(document.estimated_bytes / bytes).toBeGreaterThan(0.5);
    expect(document.estimated_bytes / bytes).toBeLessThan(2);
  });

  it.each([
    ['whole inputs', { quantization: ['fp16', 'fp8'], tp: [1, 2, 4, 8], users: [10, 20] }, 2],
    ['units of an input', { users: { from: 10, to: 100, step: 10 }, zone: ['*'] }, 3],
    ['more shards than units', { users: [10, 20] }, 4],
  ])('says of each shard what it will compute: %s', (_, axes, of) => {
    const base = {
      users: undefined,
      provider: ['gcp' as const],
      quantization: 'quantization' in axes ? undefined : ['fp16'],
    };
    const { survey, document } = surveyed({ base, axes: axes as SweepSpecDraft['axes'] });
    const sums = { points: 0, rows: 0, searches: 0, bytes: 0 };
    for (let index = 1; index <= of; index += 1) {
      const spec = sweepSpecSchema.parse({ base: { model: MODEL, ...base }, axes, shard: { index, of } });
      const plan = planSweep(spec, facts);
      const share = shardShare(plan, survey);
      const rows = plan.units.reduce((sum, unit) => sum + answerSweepUnit(unit, model, facts).rows, 0);
      const { searches } = surveySearches(share.inputs, [], new Map([[MODEL, model]]), facts);
      const shard = { shard: { index, of }, share, searches, estimatedMs: 7 };
      const said = sweepPlanDocument(spec, plan, survey, facts, null, shard).shard;
      expect(said).toMatchObject({ index, of, points: plan.plannedPoints, rows, searches, estimated_ms: 7 });
      sums.points += said?.points ?? 0;
      sums.rows += said?.rows ?? 0;
      sums.searches += searches;
      sums.bytes += said?.estimated_bytes ?? 0;
    }
    expect(sums).toMatchObject({ points: document.points, rows: document.rows });
    expect(Math.abs(sums.bytes - document.estimated_bytes)).toBeLessThanOrEqual(of);
    // An input that several shards have parts of is searched by each.
    expect(sums.searches).toBeGreaterThanOrEqual(document.searches);
  });

  // With one precision and one degree an instance has one plan, whose reason is the one its row gives.
  it.each([
    ['everywhere', { quantization: ['fp16'], tp: 1 }],
    ['in four GPUs', { quantization: ['fp8'], tp: 4 }],
    ['a format that few GPUs have', { quantization: ['nvfp4'], tp: 2 }],
    ['in one zone', { quantization: ['fp16'], tp: 1, zone: 'us-central1-a' }],
    ['in one region', { quantization: ['fp16'], tp: 8, region: 'us-east-1', include_retired: true }],
    ['at spot prices', { quantization: ['int4'], tp: 1, pricing: 'spot' }],
    ['with a degree that divides no heads', { quantization: ['fp16'], tp: 3 }],
  ])('rules out what size excludes for the same reasons: %s', (_, base) => {
    const { survey } = surveyed({ base, axes: {} });
    const input = sizeInputSchema.parse({ model: MODEL, users: 10, top: 100_000, ...base });
    const { recommendations, excluded } = answerSize(input, model, facts);
    const reasons = excluded.map(({ reason }) => reason).filter((reason) => !LATER.includes(reason));
    expect(Object.fromEntries(survey.removed)).toEqual(counts(reasons));
    expect(survey.plans).toBe(recommendations.length + excluded.length);
    expect(survey.rows).toBe(recommendations.length + excluded.length);
  });

  it('counts the searches that the engine does, and the plans they serve', () => {
    const base = { quantization: ['fp16', 'fp8'], provider: ['gcp', 'lambda'] };
    const { survey } = surveyed({ base, axes: {} });
    const { evaluated } = prepareSizing(sizeInputSchema.parse({ model: MODEL, users: 10, ...base }), model, facts);
    const groups = new Set(evaluated.candidates.flatMap(({ plans }) => plans));
    const searched = [...groups].filter(({ refusal }) => refusal === null || LATER.includes(refusal.reason));
    expect(survey.searches).toBe(searched.length);
    expect(survey.instances).toBe(evaluated.candidates.length);
  });

  it('axes part the plans of the base among their values, and lose none', () => {
    const whole = surveyed({ base: { quantization: ['fp16', 'fp8'] }, axes: {} }).document;
    const parted = surveyed({ axes: { quantization: ['fp16', 'fp8'], gpu: ['*'] } }).document;
    // Instances whose GPU is only on instances no longer sold are no value of the GPU axis.
    const isSold = ({ reason }: { reason: string }) => reason !== 'retired';
    expect(parted.removed.filter(isSold)).toEqual(whole.removed.filter(isSold));
    expect([parted.searches, parted.instances]).toEqual([whole.searches, whole.instances]);
  });

  it('a place removes an instance only when none of the zones sells it', () => {
    const removed = (zone: string[]) => surveyed({ axes: { zone } }).survey.removed.get('not_in_zone') ?? 0;
    const [one, other] = [removed(['us-central1-a']), removed(['europe-west4-b'])];
    const both = removed(['us-central1-a', 'europe-west4-b']);
    expect(both).toBeLessThan(Math.min(one, other));
    expect(both).toBeGreaterThan(0);
  });

  it('names the axes in the order of the points, and adds up', () => {
    const { document } = surveyed({
      base: { users: undefined },
      axes: { users: [1, 2, 3], zone: ['us-central1-a'], tp: [1, 2], gpu: ['l4', 'h100'], quantization: ['fp8'] },
    });
    expect(document.axes).toEqual([
      { axis: 'quantization', count: 1 },
      { axis: 'gpu', count: 2 },
      { axis: 'tp', count: 2 },
      { axis: 'users', count: 3 },
      { axis: 'zone', count: 1 },
    ]);
    expect(document.points).toBe(12);
    const gone = document.removed.reduce((sum, { plans }) => sum + plans, 0);
    expect(gone).toBeLessThanOrEqual(document.plans);
    for (const { sentence } of document.removed) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });
});
