import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { readBundledModel } from '../../src-main/catalogs/models.ts';
import { answerPredict } from '../../src-worker/answers/predict.ts';
import type { PredictDocument } from '../../src-worker/protocol/documents.ts';
import { predictInputSchema, type PredictInputDraft } from '../../src-worker/protocol/requests.ts';

const folder = bundledCatalogsFolder();
const facts = loadFacts(folder);

function predict(draft: PredictInputDraft): PredictDocument {
  const source = readBundledModel(folder, draft.model);
  if (!source) throw new Error(`no bundled config of ${draft.model}`);
  return answerPredict(predictInputSchema.parse(draft), source, facts);
}

type Read = (document: PredictDocument) => number | null;

/** What of a finite closed loop is compared: means over time, means over requests, and percentiles. */
export const LOOP_FIGURES = {
  requests_per_s: ({ throughput }) => throughput.requests_per_s,
  output_tokens_per_s: ({ throughput }) => throughput.output_tokens_per_s,
  mean_running: ({ batch }) => batch.mean_running,
  'ttft mean': ({ ttft_ms }) => ttft_ms.mean,
  'ttft p50': ({ ttft_ms }) => ttft_ms.p50,
  'ttft p95': ({ ttft_ms }) => ttft_ms.p95,
  'tpot mean': ({ tpot_ms }) => tpot_ms.mean,
  'e2e mean': ({ e2e_ms }) => e2e_ms.mean,
  'e2e p50': ({ e2e_ms }) => e2e_ms.p50,
  'e2e p95': ({ e2e_ms }) => e2e_ms.p95,
} satisfies Record<string, Read>;
export type LoopFigure = keyof typeof LOOP_FIGURES;
const FIGURES = Object.keys(LOOP_FIGURES) as LoopFigure[];
/** Means over the time of a run: of several runs those that took longer weigh more. */
const OVER_TIME: readonly LoopFigure[] = ['requests_per_s', 'output_tokens_per_s', 'mean_running'];
/** A run of fewer requests has no percentiles to speak of. */
const FEWEST_FOR_PERCENTILES = 40;

/** One finite closed loop, answered both ways. */
export interface ComparedLoop {
  draft: PredictInputDraft;
  closed: PredictDocument;
  /** By figure; of the simulation the mean over its seeds. */
  figures: Record<LoopFigure, { closed: number; simulated: number }>;
}

function simulatedMean(runs: readonly PredictDocument[], figure: LoopFigure): number {
  const wall = (run: PredictDocument): number => (OVER_TIME.includes(figure) ? (run.simulation?.wall_s ?? 1) : 1);
  let [sum, weight] = [0, 0];
  for (const run of runs) {
    sum += wall(run) * (LOOP_FIGURES[figure](run) ?? NaN);
    weight += wall(run);
  }
  return sum / weight;
}

/** A run of few requests says little: as many are simulated, with a seed each, as have so many requests together. */
export function compareLoop(draft: PredictInputDraft, requests: number): ComparedLoop {
  const each = draft.num_prompts ?? requests;
  const seeds = Math.max(1, Math.ceil(requests / each));
  const closed = predict(draft);
  const runs = Array.from({ length: seeds }, (_, i) => predict({ ...draft, method: 'simulation', seed: 1 + i }));
  const isJudged = (figure: LoopFigure): boolean => each >= FEWEST_FOR_PERCENTILES || !/ p\d/.test(figure);
  const figures = Object.fromEntries(
    FIGURES.map((figure) => [
      figure,
      {
        closed: LOOP_FIGURES[figure](closed) ?? NaN,
        simulated: isJudged(figure) ? simulatedMean(runs, figure) : NaN,
      },
    ]),
  ) as ComparedLoop['figures'];
  return { draft, closed, figures };
}

/** Closed form / simulation - 1, per cent. */
export const differenceOf = ({ figures }: ComparedLoop, figure: LoopFigure): number =>
  (figures[figure].closed / figures[figure].simulated - 1) * 100;
