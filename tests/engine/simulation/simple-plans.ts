import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import type { StepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import type { SimulatedRequests } from '../../../src-worker/engine/simulation/requests.ts';
import type { SimulatedServer } from '../../../src-worker/engine/simulation/simulated-server.ts';
import { requestLengths } from '../../../src-worker/engine/workload/lengths.ts';
import { PLANS } from './random-cases.ts';

const NOTHING = { computeMsPerRow: 0, readMs: 0 };

/** A step takes so long whatever it holds, and so much more for each token in it: what theory has exact answers for. */
export const simplePlan = (stepMs: number, msPerToken = 0): StepPlan => ({
  ...(PLANS[0] as StepPlan),
  attentionProjections: NOTHING,
  denseFfn: NOTHING,
  head: NOTHING,
  experts: null,
  attention: [],
  activationMsPerToken: msPerToken,
  communicationLatencyMs: 0,
  communicationMsPerToken: 0,
  allToAllLatencyMs: 0,
  allToAllMsPerToken: 0,
  launchMs: stepMs,
  sequenceMs: 0,
  requestMs: 0,
  hidesSequenceTime: false,
  pipeline: null,
  ttftBaseMs: 0,
  tokenizeMsPerToken: 0,
  firstTokenWaitSteps: 0.5,
});

/** A server that is short of nothing, but for what is said. */
export const roomyServer = (plan: StepPlan, limits: Partial<SimulatedServer> = {}): SimulatedServer => ({
  plan,
  maxNumBatchedTokens: 1e8,
  maxNumSeqs: 1e5,
  kvCacheTokens: 1e12,
  policy: 'fcfs',
  reservesWholePrompt: true,
  hasSeparatePrefill: false,
  ...limits,
});

const exactly = (tokens: number) => ({ mean: tokens, std: 0, min: tokens, max: tokens });

/** Requests of one length that come as they like to a replica that is short of nothing. */
export const roomySubject = (plan: StepPlan, promptTokens: number, outputTokens: number): BatchingSubject => ({
  plan,
  lengths: requestLengths({
    promptParts: [exactly(promptTokens)],
    output: exactly(outputTokens),
    cache: null,
    maxContextTokens: null,
  }),
  maxNumBatchedTokens: 1e6,
  maxNumSeqs: 1e5,
  kvCacheTokens: 1e12,
  scvArrival: 1,
  population: null,
});

export const requestsAt = (
  arrivalMs: Float64Array,
  promptOf: (request: number) => number,
  outputOf: (request: number) => number,
): SimulatedRequests => ({
  arrivalMs,
  promptTokens: Int32Array.from(arrivalMs, (_, i) => promptOf(i)),
  outputTokens: Int32Array.from(arrivalMs, (_, i) => outputOf(i)),
  cachedTokens: new Int32Array(arrivalMs.length),
  priorities: null,
  contentBlocks: null,
});
