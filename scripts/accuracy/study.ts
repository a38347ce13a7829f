import { STEP_PARTS, stepBreakdown, type StepPart } from '../../src-worker/engine/roofline/step-time.ts';
import { benchmarkMeans } from '../../src-worker/engine/validation/benchmark-means.ts';
import { headlineOf } from '../../src-worker/engine/validation/judged-columns.ts';
import { predictedMeans } from '../../src-worker/engine/calibration/fit/observations.ts';
import type { UncertainMetric } from '../../src-worker/engine/calibration/types.ts';
import type { Measured } from './ablation.ts';
import { METRICS } from './headline.ts';

/** Parts of a decode step as the study has them: `overhead` is all time of the host that shows. */
export const STUDY_PARTS = [
  'projections',
  'experts',
  'kv_read',
  'activations',
  'head',
  'communication',
  'overhead',
] as const;
export type StudyPart = (typeof STUDY_PARTS)[number];

interface StudyRow {
  point: string;
  /** Sequences that decode. */
  decodes: number;
  ms: Partial<Record<StudyPart, number>>;
  /** The study's own predictions, ms and tokens/s. */
  predicted: Partial<Record<UncertainMetric, number>>;
}

/** Ten rows of FIDELITY.md section 9: decode steps by component and predictions at the study's constants. */
const STUDY_ROWS: readonly StudyRow[] = [
  {
    point: 'blis_training_runs-0015',
    decodes: 15.6,
    ms: { projections: 4.44, kv_read: 2.05, activations: 0.01, head: 0.09, overhead: 1.32 },
    predicted: { ttft: 27.91, tpot: 7.909, e2e: 1981 },
  },
  {
    point: 'blis_training_runs-0004',
    decodes: 46.4,
    ms: { projections: 11.83, kv_read: 0.97, activations: 0.17, head: 0.18, communication: 3.56, overhead: 2.11 },
    predicted: { ttft: 55.18, tpot: 18.86, e2e: 4695 },
  },
  {
    point: 'aiconfigurator_silicon-0141',
    decodes: 30.9,
    ms: { projections: 5.43, kv_read: 1.17, activations: 0.06, head: 0.14, communication: 2.33, overhead: 1.92 },
    predicted: { ttft: 240.3, tpot: 12.94 },
  },
  {
    point: 'aiconfigurator_silicon-0266',
    decodes: 15.8,
    ms: { projections: 6.6, kv_read: 0.81, activations: 0.06, head: 0.18, communication: 2.86, overhead: 2.16 },
    predicted: { ttft: 173.7, tpot: 13.25 },
  },
  {
    point: 'aiconfigurator_silicon-0511',
    decodes: 15.8,
    ms: {
      projections: 0.16,
      experts: 1.24,
      kv_read: 0.08,
      activations: 0.01,
      head: 0.1,
      communication: 1.33,
      overhead: 2.42,
    },
    predicted: { ttft: 63.05, tpot: 5.508 },
  },
  {
    point: 'accelmark-0102',
    decodes: 1,
    ms: { projections: 4.58, kv_read: 0.03, head: 0.34, overhead: 1.97 },
    predicted: { ttft: 29.08, tpot: 6.924 },
  },
  {
    point: 'accelmark-0001',
    decodes: 99.3,
    ms: { projections: 10.65, kv_read: 3.59, activations: 0.13, head: 0.8, overhead: 1.67 },
    predicted: { throughput: 3515 },
  },
  {
    point: 'qwen3_speed_benchmark-0025',
    decodes: 1,
    ms: { projections: 9.56, kv_read: 0.08, head: 0.86, overhead: 1.85 },
    predicted: { throughput: 80.93 },
  },
  {
    point: 'llm_inference_bench_anl-0272',
    decodes: 15.9,
    ms: { projections: 4.67, kv_read: 1.45, activations: 0.01, head: 0.35, overhead: 4.05 },
    predicted: { e2e: 11_290 },
  },
  {
    point: 'trtllm_perf_overview-0229',
    decodes: 820.1,
    ms: { projections: 43.22, kv_read: 33.34, activations: 2.21, head: 1.33, communication: 9.18, overhead: 1.72 },
    predicted: { throughput: 5299 },
  },
];

export interface StudyFigure {
  point: string;
  setup: string;
  decodes: number;
  study: Record<StudyPart, number>;
  own: Record<StudyPart, number>;
  studyStepMs: number;
  ownStepMs: number;
  /** The part that differs most, in ms. */
  farthest: StudyPart;
  metrics: { metric: UncertainMetric; measured: number | null; study: number; own: number }[];
}

const OF_PART: Readonly<Partial<Record<StepPart, StudyPart>>> = { all_to_all: 'communication' };
const isStudyPart = (name: string): name is StudyPart => (STUDY_PARTS as readonly string[]).includes(name);

/** The study's rows as the profile has them. */
export function studyFigures({ ready, profile }: Measured): StudyFigure[] {
  return STUDY_ROWS.map(({ point, decodes, ms, predicted }) => {
    const found = ready.find(({ benchmark }) => benchmark.row.pointId === point);
    if (!found) throw new Error(`Measurement "${point}" of the study is not among those that can be used.`);
    const { benchmark, plan } = found;
    const contextTokens = decodes * (benchmark.promptTokens + benchmark.outputTokens / 2);
    const batch = { decodes, contextTokens, promptTokens: 0, promptPairs: 0, promptsEnding: 0 };
    const { partsMs, totalMs, hiddenMs } = stepBreakdown(plan, batch);
    const own = zeros();
    for (const name of STEP_PARTS) {
      const part = OF_PART[name] ?? name;
      own[isStudyPart(part) ? part : 'overhead'] += partsMs[name];
    }
    // What hides behind the GPU's work does not show.
    own.overhead -= hiddenMs;
    const study = { ...zeros(), ...ms };
    const means = predictedMeans(benchmark, benchmarkMeans(benchmark, plan, profile));
    return {
      point,
      setup: setupOf(found.benchmark),
      decodes,
      study,
      own,
      studyStepMs: STUDY_PARTS.reduce((sum, part) => sum + study[part], 0),
      ownStepMs: totalMs,
      farthest: STUDY_PARTS.reduce((most, part) =>
        Math.abs(own[part] - study[part]) > Math.abs(own[most] - study[most]) ? part : most,
      ),
      metrics: METRICS.flatMap((metric) => {
        const of = predicted[metric];
        return of === undefined
          ? []
          : [{ metric, measured: headlineOf(benchmark, metric), study: of, own: means[metric] }];
      }),
    };
  });
}

const zeros = (): Record<StudyPart, number> =>
  Object.fromEntries(STUDY_PARTS.map((part) => [part, 0])) as Record<StudyPart, number>;

function setupOf({ row, deployment, generation }: Measured['ready'][number]['benchmark']): string {
  const model = row.model.slice(row.model.lastIndexOf('/') + 1);
  const gpu = deployment.gpu.id.replace(/^nvidia-/, '');
  return `${model}, ${deployment.tensorParallel} × ${gpu}, ${deployment.precision}, ${generation}`;
}
