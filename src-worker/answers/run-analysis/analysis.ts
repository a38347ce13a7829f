import type { RunAnalysisDocument, RunAnalysisRequest } from '../../protocol/run-analysis.ts';
import { runAxes } from './axes.ts';
import { breakEvenAnalysis } from './break-even.ts';
import { comparisonAnalysis } from './comparison.ts';
import { frontierAnalysis } from './frontier.ts';
import { goodputAnalysis } from './goodput.ts';
import type { RunAnalysis } from './points.ts';

/** The answer asked for, over the rows of a run with this input: to be fed batch by batch. */
export function runAnalysis(request: RunAnalysisRequest, input: unknown): RunAnalysis<RunAnalysisDocument> {
  const axes = runAxes(input);
  switch (request.kind) {
    case 'frontier':
      return frontierAnalysis(request, axes);
    case 'break_even':
      return breakEvenAnalysis(request, axes);
    case 'comparison':
      return comparisonAnalysis(request, axes);
    case 'goodput':
      return goodputAnalysis(request, axes);
  }
}
