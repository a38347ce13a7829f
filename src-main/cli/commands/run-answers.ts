import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import type { Place, RunAnalysisDocument, RunAnalysisDraft } from '../../../src-worker/protocol/run-analysis.ts';
import type { CommandContext, Options, Run } from '../context.ts';
import { EXIT, unwrap } from '../errors.ts';
import { breakEvenReport, comparisonReport } from '../report/break-even-report.ts';
import { frontierReport } from '../report/frontier-report.ts';
import { goodputReport } from '../report/goodput-report.ts';
import { askedTargets } from '../report/shortfall-report.ts';
import { runNumber } from '../run-number.ts';

/** What an analysis is asked beside its kind; `Of` keeps the keys of each kind. */
type AskedOf<Kind> = Omit<Extract<RunAnalysisDraft, { kind: Kind }>, 'runId' | 'at'>;

async function analyzed<Kind extends RunAnalysisDocument['kind']>(
  { service }: CommandContext,
  options: Options,
  number: string | undefined,
  asked: AskedOf<Kind>,
): Promise<Extract<RunAnalysisDocument, { kind: Kind }>> {
  const runId = runNumber(number);
  const at = (options['at'] ?? {}) as Place;
  const { api } = await service();
  // A generic type that is spread is no member of the union any more, whatever its kind; the host checks what it is given.
  const document = unwrap(await api.analyzeRun({ ...asked, runId, at } as unknown as RunAnalysisDraft));
  // The kind that was asked for is the kind that is answered.
  return document as Extract<RunAnalysisDocument, { kind: Kind }>;
}

function printed<Document extends RunAnalysisDocument>(
  { terminal }: CommandContext,
  options: Options,
  document: Document,
  report: (document: Document) => string,
  isAnswered: boolean,
): number {
  terminal.print(
    options['json'] === true ? documentText({ schema_version: SCHEMA_VERSION, ...document }) : report(document),
  );
  return isAnswered ? EXIT.answered : EXIT.noAnswer;
}

const given = (options: Options, key: string): object =>
  typeof options[key] === 'string' ? { [key]: options[key] } : {};

/** The targets a run asked for, in words. */
async function targetsOf({ service }: CommandContext, runId: number): Promise<string> {
  const { api } = await service();
  const { input } = unwrap(await api.readRun(runId));
  return askedTargets(input, unwrap(await api.listWorkloads()));
}

/** `configiq runs frontier`: the rows that no other beats in both of two metrics. */
export const runRunsFrontier: Run = async (context, options, [number]) => {
  const asked: AskedOf<'frontier'> = { kind: 'frontier', ...given(options, 'x'), ...given(options, 'y') };
  const document = await analyzed<'frontier'>(context, options, number, asked);
  const targets = document.no_answer ? await targetsOf(context, document.run_id) : '';
  const isAnswered = document.groups.some(({ points }) => points.length > 0);
  return printed(context, options, document, (found) => frontierReport(found, targets), isAnswered);
};

/** `configiq runs break-even`: where the best choice changes along an axis, or which of two values of another is cheaper. */
export const runRunsBreakEven: Run = async (context, options, [number]) => {
  const { between } = options;
  if (typeof between === 'string') {
    const asked: AskedOf<'comparison'> = { kind: 'comparison', between, ...given(options, 'along') };
    const document = await analyzed<'comparison'>(context, options, number, asked);
    const { pairs, values } = document;
    const isCompared =
      pairs.length > 0
        ? pairs.some(({ ratio }) => ratio !== null)
        : values.some(({ situations, alone }) => situations > alone);
    return printed(context, options, document, comparisonReport, isCompared);
  }
  const asked: AskedOf<'break_even'> = { kind: 'break_even', ...given(options, 'along') };
  const document = await analyzed<'break_even'>(context, options, number, asked);
  const isAnswered = document.lines.some(({ choices }) => choices.length > 0);
  return printed(context, options, document, breakEvenReport, isAnswered);
};

/** `configiq runs goodput`: what each configuration serves within its targets, for a GPU and for a dollar. */
export const runRunsGoodput: Run = async (context, options, [number]) => {
  const document = await analyzed<'goodput'>(context, options, number, { kind: 'goodput' });
  const isAnswered = document.groups.some(({ rows }) => rows.length > 0);
  return printed(context, options, document, goodputReport, isAnswered);
};
