import { runAnalysis } from '../../src-worker/answers/run-analysis/analysis.ts';
import type { RunAnalysis } from '../../src-worker/answers/run-analysis/points.ts';
import type { ColumnBatch } from '../../src-worker/protocol/columns.ts';
import type { RunAnalysisDocument, RunAnalysisRequest } from '../../src-worker/protocol/run-analysis.ts';
import type { Store } from '../store/store.ts';
import { inSlices } from './in-slices.ts';
import { batchesOf, requiredRun } from './run-view.ts';

/**
 * An answer over all rows of a stored run, read one batch at a time, again where the answer asks for it. Works in slices, so that a long run holds nobody up; batches
 * that cannot be read are left out and go to `report`.
 */
export async function analyzedRun(
  store: Store,
  request: RunAnalysisRequest,
  report: (problem: string) => void,
): Promise<RunAnalysisDocument> {
  const run = requiredRun(store, request.runId);
  const analysis = runAnalysis(request, run.input);
  const problems = new Set<string>();
  const reportOnce = (problem: string): void => {
    if (problems.has(problem)) return;
    problems.add(problem);
    report(problem);
  };
  do {
    const steps = inSlices(stepsOf(analysis, batchesOf(store, run, reportOnce)))[Symbol.asyncIterator]();
    while ((await steps.next()).done !== true);
  } while (analysis.needsRowsAgain?.());
  return analysis.answer();
}

function* stepsOf(analysis: RunAnalysis<unknown>, batches: Iterable<ColumnBatch>): Generator<void> {
  for (const batch of batches) {
    // Reading a batch is a step of its own.
    yield;
    yield* analysis.add(batch);
  }
}
