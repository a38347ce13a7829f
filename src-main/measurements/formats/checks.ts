import { msFromSeconds, secondsFromMs } from '../../../src-worker/engine/units.ts';
import type { RunDraft } from './run-draft.ts';

/** Figures of one run agree within this share, or it is said (tools average a little differently). */
const AGREEMENT_SHARE = 0.05;

/** Fewer requests say nothing about a queue: the gaps of as many Poisson arrivals add up within a tenth. */
const LEAST_REQUESTS_JUDGED = 100;
/**
 * A server that keeps up finishes at the rate offered, but for the last answers. Below this share of it a queue grew.
 * Judgement: published open loops called steady lie at 0.86 and above, those called over capacity at 0.84 and below.
 */
export const KEEPS_UP_SHARE = 0.85;

/** What a run says of itself twice, compared; and what its load can be judged on. */
export function check(run: RunDraft): void {
  const osl = run.number('osl');
  const rate = run.number('req_s');
  if (rate !== null && osl !== null) {
    compare(run, 'output_tok_s', rate * osl, `req_s × osl`);
    const isl = run.number('isl');
    if (isl !== null) compare(run, 'total_tok_s', rate * (isl + osl), `req_s × (isl + osl)`);
  }
  const ttft = run.number('ttft_ms_mean');
  const tpot = run.number('tpot_ms_mean');
  if (ttft !== null && tpot !== null && osl !== null) {
    compare(run, 'e2e_ms_mean', ttft + tpot * (osl - 1), 'ttft_ms_mean + tpot_ms_mean × (osl - 1)');
  }
  run.set('regime', regimeOf(run));
}

function compare(run: RunDraft, column: 'output_tok_s' | 'total_tok_s' | 'e2e_ms_mean', other: number, words: string) {
  const told = run.number(column);
  if (told === null || other <= 0) return;
  const share = Math.abs(told - other) / other;
  if (share <= AGREEMENT_SHARE) return;
  run.warnings.push(
    `${column} ${shown(told)} is ${(share * 100).toFixed(0)} % from ${words} = ${shown(other)}: the file does not agree with itself.`,
  );
}

const SHOWN_DIGITS = 4;
const shown = (value: number): string => String(Number(value.toPrecision(SHOWN_DIGITS)));

function regimeOf(run: RunDraft): string | null {
  if (run.row.regime !== null) return String(run.row.regime);
  switch (run.row.workload_kind) {
    case 'static_batch':
      return 'batch';
    case 'closed_loop':
      return 'closed';
    case 'offline_max':
      return 'over_capacity';
    case 'open_loop':
      return fellBehind(run) ? 'over_capacity' : null;
    default:
      return null;
  }
}

/** True where requests came out much slower than they were sent, the last answer aside. */
function fellBehind(run: RunDraft): boolean {
  const [requests, offered, served] = [run.number('num_prompts'), run.number('request_rate_rps'), run.number('req_s')];
  if (requests === null || offered === null || served === null || requests < LEAST_REQUESTS_JUDGED) return false;
  const sendingMs = msFromSeconds(requests / offered);
  const reachable = requests / secondsFromMs(sendingMs + answerMs(run));
  if (served >= KEEPS_UP_SHARE * reachable) return false;
  run.notes.push(`${shown(served)} of ${shown(offered)} req/s came out: over capacity`);
  return true;
}

/** What one answer takes from its first token on. */
function answerMs(run: RunDraft): number {
  const [tpot, osl, e2e, ttft] = [
    run.number('tpot_ms_mean'),
    run.number('osl'),
    run.number('e2e_ms_mean'),
    run.number('ttft_ms_mean'),
  ];
  if (tpot !== null && osl !== null) return tpot * Math.max(0, osl - 1);
  return e2e !== null && ttft !== null ? Math.max(0, e2e - ttft) : (e2e ?? 0);
}
