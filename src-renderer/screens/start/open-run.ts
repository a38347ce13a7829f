import { ZodError } from 'zod';
import type { RunEntry } from '../../../src-worker/protocol/app-api.ts';
import type { Workspace } from '../../state/workspace.svelte.ts';

/** Opens a stored run: a question goes to Size to be asked again, a sweep to Runs. What cannot be opened is said. */
export async function openRun(workspace: Workspace, run: RunEntry): Promise<void> {
  if (run.kind === 'sweep') {
    workspace.screen = 'runs';
    return workspace.runs.open(run.id);
  }
  const { session } = workspace;
  const detail = await session.ask((api) => api.showRun(run.id));
  const problem = detail.ok ? ask(workspace, detail.value.input, run) : detail.error.message;
  if (problem !== '') session.notices = [...session.notices, problem];
}

/** Empty when it worked. */
function ask(workspace: Workspace, question: unknown, run: RunEntry): string {
  try {
    workspace.openQuestion(question, `run ${run.id}`);
    return '';
  } catch (thrown) {
    if (!(thrown instanceof ZodError)) throw thrown;
    return `Run ${run.id} holds a question that this version cannot read. The run itself is under Runs.`;
  }
}
