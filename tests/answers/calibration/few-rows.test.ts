import { describe, expect, test } from 'vitest';
import { loadPriors } from '../../../src-main/catalogs/priors.ts';
import { answerCalibration } from '../../../src-worker/answers/calibration/calibrate.ts';
import { answerFit } from '../../../src-worker/answers/calibration/fit.ts';
import { answerPredict } from '../../../src-worker/answers/predict.ts';
import type { CalibrationProfile } from '../../../src-worker/engine/calibration/types.ts';
import type { Measurement } from '../../../src-worker/engine/validation/types.ts';
import type { FitRequest } from '../../../src-worker/protocol/calibration.ts';
import { predictInputSchema } from '../../../src-worker/protocol/requests.ts';
import { calibrationOf, catalogsFolder, facts, modelSource } from '../../engine/world.ts';
import { rowOf } from '../../engine/validation/rows.ts';
import { LLAMA, models } from './measured.ts';

// What a handful of measurements on a GPU that nobody measured may change: the numbers, and not how sure they are.

const GPU = 'nvidia-gh200-96gb';

/** Rows that contradict each other, so that no fit comes near to both. */
const rows = (count: number, far: number): Measurement[] =>
  Array.from({ length: count }, (_, i) =>
    rowOf({
      pointId: `few-${i}`,
      sourceId: 'ours',
      model: LLAMA,
      gpu: GPU,
      engineVersion: '0.10.2',
      batchOrConcurrency: 16,
      measured: { tpot_ms_mean: i % 2 === 0 ? 9 : 9 * far, e2e_ms_mean: (i % 2 === 0 ? 9 : 9 * far) * 260 },
    }),
  );

function moved(measured: Measurement[]): CalibrationProfile {
  const fit: FitRequest = {
    rows: measured,
    models,
    profile: calibrationOf(),
    priors: loadPriors(catalogsFolder),
    startsFrom: 'profile',
    withheld: null,
    from: null,
  };
  const full = answerFit(fit, facts);
  return answerCalibration(
    { name: 'few', description: 'Few rows.', source: 'Tests.', fit, full, leftOut: [], isBundled: false, repeated: [] },
    facts,
  ).profile;
}

const question = (calibration: string) =>
  predictInputSchema.parse({
    model: LLAMA,
    gpu: GPU,
    tp: 1,
    engine: 'vllm@0.10.2',
    input_tokens: 1024,
    output_tokens: 256,
    concurrency: 16,
    calibration,
  });

function asked(profile: CalibrationProfile) {
  const known = { ...facts, calibrations: [...facts.calibrations, profile] };
  const document = answerPredict(question(profile.name), modelSource(LLAMA), known);
  return { document, basis: document.interval_basis ?? expect.fail('no range') };
}

const before = asked({ ...calibrationOf(), name: 'as-bundled' });

describe('few measurements of a GPU', () => {
  const two = asked(moved(rows(2, 1.1)));

  test('two leave it as unknown as it was: the class, the ranges and the warning', () => {
    expect(before.basis.novelty).toContain('gpu_unseen');
    expect(two.basis.novelty).toEqual(before.basis.novelty);
    for (const metric of ['ttft', 'tpot', 'e2e', 'throughput'] as const)
      expect(two.basis.factors[metric], metric).toBeGreaterThanOrEqual(before.basis.factors[metric]);
    expect(two.document.warnings.map(({ code }) => code)).toContain('extrapolated_gpu');
  });

  test('the sentence says how few', () => {
    expect(two.basis.sentence).toMatch(/^Only 2 measurements are of NVIDIA GH200[^:]*: too few to tell/);
    expect(two.basis.sentence).not.toContain('GH200 was never');
  });

  test('a dozen make it known', () => {
    const { basis, document } = asked(moved(rows(12, 1.05)));
    expect(basis.novelty).toEqual(['group_seen']);
    expect(basis.sentence).toMatch(/^12 measurements are of NVIDIA GH200/);
    expect(document.warnings.map(({ code }) => code)).not.toContain('extrapolated_gpu');
  });

  test('ranges of the set-up are never narrower than what the fit is off by on its rows', () => {
    const profile = moved(rows(12, 3));
    const { basis } = asked(profile);
    const key = Object.keys(profile.ownErrors ?? {});
    expect(key).toEqual([`${GPU}|vllm-v1|LlamaForCausalLM`]);
    const own = profile.ownErrors?.[key[0] ?? ''] ?? {};
    // Half of the rows are three times the others: in the middle, each is off by the root of three.
    expect(own.tpot).toBeGreaterThan(1.5);
    for (const metric of ['tpot', 'e2e'] as const)
      expect(basis.factors[metric]).toBeGreaterThanOrEqual(own[metric] ?? NaN);
    expect(basis.sentence).toContain('further off on measurements of this very set-up');
  });
});
