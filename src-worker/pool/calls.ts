import { transfer } from 'comlink/dist/esm/comlink.mjs';
import { answerAccuracy } from '../answers/calibration/accuracy.ts';
import { answerCalibration } from '../answers/calibration/calibrate.ts';
import { answerFit } from '../answers/calibration/fit.ts';
import { answerDetail } from '../answers/detail/detail.ts';
import { answerSimulatedLoads } from '../answers/detail/simulated-loads.ts';
import { answerExplain } from '../answers/explain/explain.ts';
import { answerModelFits } from '../answers/model-fits.ts';
import { answerModel } from '../answers/model.ts';
import { answerPredict } from '../answers/predict.ts';
import { forgetPlans } from '../answers/plan-memory.ts';
import { missingPlans, plansToSimulate, searchPlans, simulatePlans } from '../answers/prepared.ts';
import { answerQueue } from '../answers/queue.ts';
import { answerSimulate } from '../answers/simulate.ts';
import { answerSimulationCheck } from '../answers/simulation-check.ts';
import { answerSensitivity } from '../answers/sensitivity/sensitivity.ts';
import { answerSize } from '../answers/size.ts';
import { columnBuilder } from '../answers/column-builder.ts';
import { preparePoints, type PreparedPoints } from '../answers/sweep/prepared-points.ts';
import { summaryOf } from '../answers/sweep/unit-summary.ts';
import { beginSweepUnit, type UnitRun } from '../answers/sweep/unit.ts';
import { ConfigIqError } from '../engine/errors.ts';
import type { Facts } from '../engine/facts.ts';
import type { ModelSource } from '../engine/model/types.ts';
import { transferables } from '../protocol/columns.ts';
import type { SizeInput } from '../protocol/requests.ts';
import { attempt, attemptAsync } from '../protocol/result.ts';
import { sweepColumns } from '../protocol/sweep-columns.ts';
import { CONTROL_CANCEL, CONTROL_DONE_POINTS, type SweepUnitOutcome, type WorkerApi } from '../protocol/worker-api.ts';
import { SIMULATION_CANCELLED } from './control.ts';
import { packed } from './packed-batch.ts';

/** How long points may follow each other before waiting calls are looked at. */
const SLICE_MS = 5;
/** Capacity searches kept: consecutive units of a sweep share one, two sweeps may take turns. */
const KEPT_SEARCHES = 4;

/** The calls of one worker thread, over facts that arrive with `load`. Holds nothing else but recent capacity searches. */
export function createWorkerCalls(): WorkerApi {
  let loaded: Facts | null = null;
  const searches = new Map<string, PreparedPoints>();

  const facts = (): Facts => {
    if (!loaded)
      throw new ConfigIqError('bug', 'facts_missing', 'The worker was asked before its catalogs were loaded.');
    return loaded;
  };

  const searchFor = (input: SizeInput, model: ModelSource): PreparedPoints => {
    const key = JSON.stringify([input, model]);
    const answer = searches.get(key) ?? preparePoints(input, model, facts());
    // Re-inserted, so that the first key is always the one not used for longest.
    searches.delete(key);
    searches.set(key, answer);
    const [oldest] = searches.keys();
    if (searches.size > KEPT_SEARCHES && oldest !== undefined) searches.delete(oldest);
    return answer;
  };

  return {
    load: (given) =>
      attempt(() => {
        forgetPlans(given);
        loaded = given;
        searches.clear();
        return { instances: given.instances.length };
      }),
    size: (input, model, capacities) => attempt(() => answerSize(input, model, facts(), capacities)),
    missingPlans: (input, model) => attempt(() => missingPlans(input, model, facts())),
    searchPlans: (input, model, keys) => attempt(() => searchPlans(input, model, facts(), keys)),
    plansToSimulate: (input, model) => attempt(() => plansToSimulate(input, model, facts())),
    simulatePlans: (input, model, plans) => attempt(() => simulatePlans(input, model, facts(), plans)),
    detail: (question, model) => attempt(() => answerDetail(question, model, facts())),
    simulateLoads: (question, model) => attempt(() => answerSimulatedLoads(question, model, facts())),
    explain: (question, model) => attempt(() => answerExplain(question, model, facts())),
    sensitivity: (request, model) => attempt(() => answerSensitivity(request, model, facts())),
    checkBySimulation: (question, model) => attempt(() => answerSimulationCheck(question, model, facts())),
    predict: (input, model) => attempt(() => answerPredict(input, model, facts())),
    simulate: (input, trace, model, control) =>
      attempt(() => answerSimulate(input, trace, model, facts(), () => endIfCancelled(control))),
    accuracy: (request) => attempt(() => answerAccuracy(request, facts())),
    fit: (request) => attempt(() => answerFit(request, facts())),
    finishCalibration: (request) => attempt(() => answerCalibration(request, facts())),
    queue: (input) => attempt(() => answerQueue(input)),
    showModel: (model) => attempt(() => answerModel(model)),
    modelFits: (input, model) => attempt(() => answerModelFits(input, model, facts())),
    async sweepUnit(unit, model, control, liveEvery) {
      const result = await attemptAsync(async (): Promise<SweepUnitOutcome> => {
        const run = isCancelled(control) ? null : beginSweepUnit(unit, searchFor(unit.input, model));
        const kind = run ? await runInSlices(run, control) : 'cancelled';
        const batch = run ? run.batch() : columnBuilder(sweepColumns(unit.axes)).build();
        return { kind, packed: packed(batch), summary: summaryOf(batch, unit.axes, liveEvery) };
      });
      return result.ok ? transfer(result, buffersOf(result.value)) : result;
    },
  } satisfies WorkerApi;
}

const buffersOf = ({ packed: { data }, summary: { best, live } }: SweepUnitOutcome): ArrayBuffer[] => [
  data.buffer as ArrayBuffer,
  ...transferables(best),
  ...transferables(live),
];

const isCancelled = (control: Int32Array): boolean => Atomics.load(control, CONTROL_CANCEL) !== 0;

function endIfCancelled(control: Int32Array): void {
  if (isCancelled(control)) throw new ConfigIqError('interrupted', 'simulation_cancelled', SIMULATION_CANCELLED);
}

/** Computes point after point; a busy thread hears nothing, so it lets waiting calls in every few milliseconds. */
async function runInSlices(run: UnitRun, control: Int32Array): Promise<SweepUnitOutcome['kind']> {
  await waitingCalls();
  let sliceStart = performance.now();
  while (!run.isDone()) {
    if (isCancelled(control)) return 'cancelled';
    Atomics.add(control, CONTROL_DONE_POINTS, run.next());
    if (performance.now() - sliceStart < SLICE_MS) continue;
    await waitingCalls();
    sliceStart = performance.now();
  }
  return 'done';
}

const waitingCalls = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
