import type { ModelSource } from '../../src-worker/engine/model/source.ts';
import type { Pool } from '../../src-worker/pool/pool.ts';
import type { Recommendation, SimulationCheckAnswer, SizeDocument } from '../../src-worker/protocol/documents.ts';
import type { SizeInput } from '../../src-worker/protocol/requests.ts';
import { success, type Result } from '../../src-worker/protocol/result.ts';

/** Rows of one answer that are simulated, the first: as many as somebody looks at. */
export const MOST_SIMULATED_ROWS = 20;

const BEYOND = `Only the first ${MOST_SIMULATED_ROWS} rows of an answer are simulated; ask about this configuration by itself.`;

/** Checks that one thread has done before another has started: a check takes some 50 ms, a start some 300. */
const FEW_ROWS = 4;

/**
 * Fills in the simulation checks of an answer's first rows, on the threads of the pool. Each check is that of one configuration,
 * so the document is the same however many threads there are.
 */
export async function withSimulationChecks(
  pool: Pool,
  input: SizeInput,
  model: ModelSource,
  document: SizeDocument,
  { isOneThreadWarm }: { isOneThreadWarm: boolean },
): Promise<Result<SizeDocument>> {
  const checked = document.recommendations.slice(0, MOST_SIMULATED_ROWS);
  const check = ({ id }: Recommendation) =>
    pool.run('checkBySimulation', { question: input, configuration: id }, model);
  const answers =
    isOneThreadWarm && checked.length <= FEW_ROWS
      ? await oneByOne(checked, check)
      : await Promise.all(checked.map(check));
  const failed = answers.find((answer) => !answer.ok);
  if (failed && !failed.ok) return failed;
  const beyond: SimulationCheckAnswer = { simulation_check: null, simulation_check_reason: BEYOND };
  const recommendations = document.recommendations.map((row, index): Recommendation => {
    const answer = answers[index];
    return { ...row, ...(answer?.ok ? answer.value : beyond) };
  });
  return success({ ...document, recommendations });
}

async function oneByOne<Item, Value>(items: readonly Item[], ask: (item: Item) => Promise<Value>): Promise<Value[]> {
  const answers: Value[] = [];
  for (const item of items) answers.push(await ask(item));
  return answers;
}
