import { documentText, type Recommendation } from '../../src-worker/protocol/documents.ts';
import { configurationName } from '../../src-worker/protocol/metrics.ts';
import { commandLines } from '../format/command-lines.ts';
import { copyText, downloadText } from '../platform/browser.ts';
import type { Workspace } from '../state/workspace.svelte.ts';

/** The run whose rows are on screen; null where another thing is. */
function shownRunId({ screen, runs, sweep }: Workspace): number | null {
  if (screen === 'runs') return runs.opened?.entry.id ?? null;
  if (screen === 'sweep') return sweep.summary?.runId ?? null;
  return null;
}

export function hasExport(workspace: Workspace): boolean {
  return workspace.screen === 'size' ? workspace.answer.document !== null : shownRunId(workspace) !== null;
}

/** Writes what is on screen to a file: an answer as `--json` prints it, a run as CSV. */
export async function exportShown(workspace: Workspace): Promise<void> {
  const runId = shownRunId(workspace);
  if (runId !== null) return workspace.runs.export(runId, 'csv');
  const { document } = workspace.answer;
  if (!document) return;
  const { model, workload } = document.assumptions;
  const fileName = `configiq-${`${model}-${workload}`.replaceAll(/[^\w.-]+/g, '-')}.json`;
  downloadText(fileName, documentText(document), 'json');
  workspace.announcement = `Exported ${fileName}`;
}

export async function copyVllmCommand(workspace: Workspace): Promise<void> {
  const { selected } = workspace.answer;
  if (!selected) return;
  if (selected.vllm_command === null) {
    workspace.announcement = selected.vllm_command_reason ?? '';
    return;
  }
  workspace.announcement = (await copyText(commandLines(selected.vllm_command)))
    ? `Copied the vLLM command for ${configurationName(selected)}`
    : 'The clipboard was refused; the command is under the answer.';
}

/** The configuration that is looked at: the one that is open, or the chosen one of the answer; null elsewhere. */
export function configurationInView({ screen, sizeView, detailId, answer }: Workspace): Recommendation | null {
  if (screen !== 'size') return null;
  if (sizeView !== 'detail') return answer.selected;
  return answer.document?.recommendations.find(({ id }) => id === detailId) ?? null;
}
