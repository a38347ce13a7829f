import { decodeLimit } from '../../engine/batching/fixed-point.ts';
import { achievedRates } from '../../engine/roofline/achieved-rates.ts';
import { stepTimeMs } from '../../engine/roofline/step-time.ts';
import { decodeWork, promptWork, type StepWork } from '../../engine/roofline/step-work.ts';
import { MS_PER_S } from '../../engine/units.ts';
import type { Roofline, RooflinePoint } from '../../protocol/documents.ts';
import { rounded } from '../common.ts';
import type { PlannedReplica } from './planned-load.ts';

const TERA = 1e12;
const teraPerS = (perMs: number): number => rounded((perMs * MS_PER_S) / TERA);

/** 1, 2, 4 … up to the most sequences, the planned number among them. */
function batchesOf(most: number, planned: number | null): number[] {
  const batches = new Set<number>([most]);
  for (let batch = 1; batch < most; batch *= 2) batches.add(batch);
  if (planned !== null) batches.add(planned);
  return [...batches].sort((a, b) => a - b);
}

function decodePoints({ replica, planned }: PlannedReplica): RooflinePoint[] {
  const { step, batching } = replica;
  const { outputMean, decodeContextMean } = batching.lengths.moments;
  if (outputMean <= 1) return [];
  const most = Math.max(1, Math.floor(decodeLimit(batching).decodes));
  const running = planned === null ? null : Math.min(most, Math.max(1, Math.round(planned.meanRunning)));
  return batchesOf(most, running).map((batch) => {
    const ms = stepTimeMs(batching.plan, batch, batch * decodeContextMean, 0, 0, 0);
    const work = decodeWork(step, batching.plan, batch, decodeContextMean);
    return { phase: 'decode', batch, tokens: batch, ...positionOf(work, ms), is_planned: batch === running };
  });
}

/** The mean prompt in one step, as far as one step takes it. */
function promptPoint({ replica }: PlannedReplica): RooflinePoint {
  const { step, batching } = replica;
  const { promptMean, uncachedMean } = batching.lengths.moments;
  const tokens = Math.min(uncachedMean, batching.maxNumBatchedTokens);
  const attended = promptMean - uncachedMean + tokens / 2;
  const ms = stepTimeMs(batching.plan, 0, 0, tokens, tokens * attended, 1);
  const work = promptWork(step, batching.plan, tokens, attended);
  return { phase: 'prefill', batch: 1, tokens: rounded(tokens), ...positionOf(work, ms), is_planned: true };
}

const positionOf = (work: StepWork, ms: number): Pick<RooflinePoint, 'flop_per_byte' | 'tflops_per_s'> => ({
  flop_per_byte: rounded(work.flop / work.bytes),
  tflops_per_s: teraPerS(work.flop / ms),
});

/** One GPU of the plan: its roofs by data sheet and by calibration, and where the steps stand under them. */
export function rooflineOf(plan: PlannedReplica): Roofline {
  const { step } = plan.replica;
  const rates = achievedRates(step, step.calibration);
  return {
    precision: step.precision,
    peak_tflops_per_s: rounded((step.support.peakFlopPerS * step.gpuShare) / TERA),
    reached_tflops_per_s: teraPerS(rates.gemmFlopPerMs),
    peak_bandwidth_tb_per_s: teraPerS(rates.peakBytesPerMs),
    reached_bandwidth_tb_per_s: teraPerS(rates.weightBytesPerMs),
    ridge_flop_per_byte: rounded(rates.gemmFlopPerMs / rates.weightBytesPerMs),
    points: [...decodePoints(plan), promptPoint(plan)],
  };
}
