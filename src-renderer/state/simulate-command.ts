import type { SimulateInputDraft } from '../../src-worker/protocol/requests.ts';
import { shellWord } from './sweep-command.ts';

/** The line that gives the same figures in a terminal. Keys of a request are flags with `_` for `-`. */
export function simulateCommand(request: SimulateInputDraft, traceName: string | null): string {
  const flags = Object.entries(request).flatMap(([key, value]) =>
    value === undefined || value === null ? [] : [`--${key.replaceAll('_', '-')}`, String(value)],
  );
  const trace = traceName === null ? [] : ['--trace', traceName];
  return ['configiq simulate', ...[...flags, ...trace].map(shellWord)].join(' ');
}
