import type { ProgressEvent } from '../../../src-worker/protocol/app-api.ts';
import { secondsFromMs } from '../../../src-worker/engine/units.ts';
import type { Terminal } from '../terminal.ts';
import { count } from './format.ts';

/** Without a terminal that can overwrite itself, a line for each tenth of the work is enough. */
const PLAIN_STEPS = 10;

/** Shows the progress of a sweep, or of another task of as many parts: `Computing: 1,369 of 2,208 points, 2 s left; cheapest so far …`. */
export function sweepProgress(
  terminal: Terminal,
  { nowMs = () => performance.now(), unit = 'points' }: { nowMs?: () => number; unit?: string } = {},
): (event: ProgressEvent) => void {
  const startMs = nowMs();
  let lastStep = 0;
  return ({ phase, done, total, best }) => {
    if (phase !== 'computing' || total === 0 || done === 0) return;
    const step = Math.floor((done / total) * PLAIN_STEPS);
    if (!terminal.isInteractive && step === lastStep) return;
    lastStep = step;
    const elapsedMs = nowMs() - startMs;
    const left = done < total ? `, ${Math.ceil(secondsFromMs((elapsedMs / done) * (total - done)))} s left` : '';
    terminal.progress(
      `Computing: ${count(done)} of ${count(total)} ${unit}${left}${best === null ? '' : `; cheapest so far: ${best}`}`,
    );
  };
}
