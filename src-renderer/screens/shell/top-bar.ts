import type { SizeDocument } from '../../../src-worker/protocol/documents.ts';
import { configurationName } from '../../../src-worker/protocol/metrics.ts';
import { precisionLabel } from '../../format/names.ts';
import type { Workspace } from '../../state/workspace.svelte.ts';

const TITLES = {
  start: 'Start',
  size: 'Size',
  sweep: 'Sweep',
  runs: 'Runs',
  simulate: 'Simulate',
  catalogs: 'Catalogs',
  models: 'Models',
  accuracy: 'Accuracy',
  components: 'Components and states',
};

/** Where one is, the widest place first: `Size`, `Results`. */
export function pathOf({ screen, sizeView, detailId, answer, runs }: Workspace): string[] {
  const title = TITLES[screen];
  if (screen === 'runs' && runs.opened) return [title, runs.opened.entry.name];
  if (screen !== 'size' || sizeView === 'answer') return [title];
  return [title, sizeView === 'results' ? 'Results' : nameOfConfiguration(answer.document, detailId ?? '')];
}

/** `1 × g6e.xlarge, FP8`; for what does not pass its instance and precision. */
export function nameOfConfiguration(document: SizeDocument | null, id: string): string {
  const row = document?.recommendations.find((entry) => entry.id === id);
  if (row) return `${configurationName(row)}, ${precisionLabel(row.quantization)}`;
  const [, instance = id, , , quantization] = id.split('/');
  return [instance, precisionLabel(quantization ?? null)].filter(Boolean).join(', ');
}

/** Whether what is asked is kept, in words. */
export function savedWords(workspace: Workspace): string {
  const { savedRun, drafts, session, screen } = workspace;
  if (screen !== 'size' && screen !== 'sweep' && screen !== 'simulate') return '';
  if (screen === 'size' && savedRun) return `Saved as run ${savedRun.id}`;
  if (drafts.state === 'kept') return 'Draft kept';
  if (drafts.state === 'waiting' && (session.phase !== 'ready' || drafts.problem !== '')) return 'Draft not kept yet';
  return '';
}
