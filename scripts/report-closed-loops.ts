import { readFileSync } from 'node:fs';
import { sampleQuantile } from '../src-worker/engine/numerics/sample.ts';
import type { PredictInputDraft } from '../src-worker/protocol/requests.ts';
import {
  compareLoop,
  differenceOf,
  LOOP_FIGURES,
  type ComparedLoop,
  type LoopFigure,
} from './closed-form/compare-loops.ts';

/**
 * How far the closed form of finite closed loops is from the simulation: `npm run report:closed-loops [-- FILE]`. FILE holds questions
 * to `predict`; without one the stored loops are taken (closed-form/draw-loops.ts made them).
 */
const REQUESTS = 4000;
const GROUPS: Record<string, (one: ComparedLoop) => boolean> = {
  all: () => true,
  'no pauses': ({ draft }) => !draft.think_time,
  pauses: ({ draft }) => Boolean(draft.think_time),
  'fixed lengths': ({ draft }) => !draft.output_cv,
  'several replicas': ({ draft }) => (draft.replicas ?? 1) > 1,
  'fewer than 3 requests a user': ({ draft }) => (draft.num_prompts ?? 0) < 3 * (draft.concurrency ?? 0),
};

const file = process.argv[2] ?? new URL('closed-form/loops.json', import.meta.url);
const drafts = JSON.parse(readFileSync(file, 'utf8')) as PredictInputDraft[];
const compared = drafts.map((draft) => compareLoop(draft, REQUESTS));
for (const [name, belongs] of Object.entries(GROUPS)) {
  const group = compared.filter(belongs);
  console.log(`${name}: ${group.length} loops, |closed form / simulation - 1|, per cent`);
  const row = (figure: LoopFigure): Record<string, number> => {
    const values = group.map((one) => differenceOf(one, figure)).filter(Number.isFinite);
    const at = (of: readonly number[], share: number): number => Number(sampleQuantile(of, share).toFixed(1));
    const sizes = values.map(Math.abs);
    return { median: at(sizes, 0.5), p90: at(sizes, 0.9), signed: at(values, 0.5) };
  };
  console.table(Object.fromEntries((Object.keys(LOOP_FIGURES) as LoopFigure[]).map((figure) => [figure, row(figure)])));
}
