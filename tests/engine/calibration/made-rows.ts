import { loadPriors } from '../../../src-main/catalogs/priors.ts';
import { observationsOf } from '../../../src-worker/engine/calibration/fit/observations.ts';
import { parametersFor, type FitState } from '../../../src-worker/engine/calibration/fit/parameters.ts';
import { predictMeans, stateAt, type FitProblem } from '../../../src-worker/engine/calibration/fit/robust-fit.ts';
import { operatorWork } from '../../../src-worker/engine/roofline/operator-work.ts';
import type { Benchmark } from '../../../src-worker/engine/validation/benchmark.ts';
import type { Measurement } from '../../../src-worker/engine/validation/types.ts';
import { calibrationOf, catalogsFolder } from '../world.ts';
import { benchmarkOf } from '../validation/rows.ts';

export const priors = loadPriors(catalogsFolder);

const LLAMA = 'meta-llama/Llama-3.1-8B-Instruct';
const SMALL = 'Qwen/Qwen2.5-0.5B';
const EXPERTS = 'Qwen/Qwen3-30B-A3B';

/** Benchmarks of every kind, on three GPUs and two engines, of one machine each. Their figures are made up elsewhere. */
function plainRows(sources: number): Partial<Measurement>[] {
  const rows: Partial<Measurement>[] = [];
  for (const [gpu, model, engineVersion] of [
    ['nvidia-h100-80gb', LLAMA, '0.10.2'],
    ['nvidia-h100-80gb', EXPERTS, '0.10.2'],
    ['nvidia-a100-80gb', LLAMA, '0.10.2'],
    ['nvidia-l40s', SMALL, '0.6.3'],
    ['nvidia-l40s', LLAMA, '0.6.3'],
  ] as const) {
    const set = { gpu, model, engineVersion };
    for (const batchOrConcurrency of [1, 8, 48])
      rows.push({ ...set, batchOrConcurrency, kind: 'closed_loop', measured: { ttft_ms_mean: 1, tpot_ms_mean: 1 } });
    for (const batchOrConcurrency of [1, 16])
      rows.push({ ...set, batchOrConcurrency, kind: 'static_batch', measured: { e2e_ms_mean: 1 } });
    rows.push({
      ...set,
      batchOrConcurrency: null,
      numPrompts: 400,
      kind: 'offline_max',
      measured: { output_tok_s: 1 },
    });
    rows.push({
      ...set,
      kind: 'open_loop',
      requestRatePerS: 1,
      inputTokens: 2500,
      measured: { ttft_ms_mean: 1, tpot_ms_mean: 1 },
    });
  }
  for (const batchOrConcurrency of [1, 32]) {
    rows.push({
      model: LLAMA,
      gpu: 'nvidia-h100-80gb',
      engineVersion: '0.10.2',
      tensorParallel: 4,
      batchOrConcurrency,
      measured: { ttft_ms_mean: 1, tpot_ms_mean: 1 },
    });
  }
  return Array.from({ length: sources }).flatMap((_, source) =>
    rows.map((row, i) => ({ ...row, pointId: `p${source}-${i}`, sourceId: `made ${source}` })),
  );
}

const COLUMN = { ttft: 'ttft_ms_mean', tpot: 'tpot_ms_mean', e2e: 'e2e_ms_mean', throughput: 'output_tok_s' } as const;

export interface MadeProblem extends FitProblem {
  truth: FitState;
  trueLogs: Float64Array;
}

/**
 * A fit whose answer is known: `move` changes parameters from their priors (name to factor), and the model itself gives the
 * figures, times `noise` of each. The more `sources` measured the same, the less the priors pull.
 */
export function madeProblem(
  move: Readonly<Record<string, number>>,
  noise: (figure: number) => number = () => 1,
  sources = 1,
): MadeProblem {
  const profile = calibrationOf();
  const plain: Benchmark[] = plainRows(sources).map((row) => benchmarkOf(row));
  const works = plain.map(({ deployment }) => operatorWork(deployment));
  const parameters = parametersFor(profile, priors, plain, { separatesMachines: false });
  const trueLogs = Float64Array.from(parameters, ({ name, prior }) => Math.log(prior.value * (move[name] ?? 1)));
  for (const name of Object.keys(move)) {
    if (!parameters.some((parameter) => parameter.name === name)) throw new Error(`nothing informs ${name}`);
  }
  const truth = stateAt({ profile, parameters }, trueLogs);
  let figure = 0;
  const benchmarks = plain.map((b, i) => {
    const predicted = predictMeans(b, works[i] as FitProblem['works'][number], truth);
    const measured: Record<string, number> = {};
    for (const metric of ['ttft', 'tpot', 'e2e', 'throughput'] as const) {
      if (b.row.measured[COLUMN[metric]] === undefined) continue;
      measured[COLUMN[metric]] = predicted[metric] * noise(figure);
      figure += 1;
    }
    return { ...b, row: { ...b.row, measured } };
  });
  const observations = observationsOf(benchmarks).filter(({ isFitted }) => isFitted);
  return { profile, parameters, benchmarks, works, observations, truth, trueLogs };
}

/** What the engine makes of the base profile, by name of the parameter. */
export const valuesOf = (problem: FitProblem, logs: ArrayLike<number>): Record<string, number> =>
  Object.fromEntries(problem.parameters.map(({ name }, i) => [name, Math.exp(logs[i] as number)]));
