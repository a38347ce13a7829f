import { gpuGroup } from '../../engine/sizing/plan-groups.ts';
import { formatFixed, formatSignificant, plural } from '../../protocol/numbers.ts';
import { attempt, joined, type Attempts } from './attempt.ts';
import { passes, type Option } from './option.ts';
import type { Asked, Change } from './probe.ts';
import { leastExpense, reachOf } from './reach.ts';

/** Digits of a smaller rate that is offered. */
const RATE_DIGITS = 3;
/** Times a rate is lowered by its last digit until it is served. */
const RATE_STEPS = 5;

/** Larger values of max_gpus: the smallest that works, and that of the cheapest answer where it costs less. */
export function moreGpus(asked: Asked): Attempts {
  const now = asked.sizing.maxGpus;
  if (now === null) return { options: [], futile: [] };
  const open = asked.ask({ max_gpus: null });
  if (!passes(open)) {
    const change = 'Any number of GPUs';
    return { options: [], futile: open ? [{ family: 'gpus', change, probe: open }] : [] };
  }
  const used = open.outcome.rows.map(({ chosen }) => chosen.instances * gpuGroup(chosen.instance).gpus);
  const counts = [...new Set([...wantedGpus(asked, used), used[0] ?? Infinity])];
  const [smallest, ...others] = counts.map((gpus) => allowed(asked, now, gpus)).filter((option) => option !== null);
  if (!smallest) return { options: [], futile: [] };
  const cheaper = others.at(-1);
  const saves = cheaper && leastExpense(cheaper.probe) < leastExpense(smallest.probe);
  return { options: saves ? [smallest, cheaper] : [smallest], futile: [] };
}

/** The smallest counts worth trying: those the refused plans ask for that are not above what the cheapest rows use. */
function wantedGpus(asked: Asked, used: readonly number[]): number[] {
  const most = Math.min(...used);
  const wanted = asked.outcome.excluded.flatMap(({ refusal }) =>
    refusal.reason === 'max_gpus' && refusal.margin && refusal.margin.value <= most ? [refusal.margin.value] : [],
  );
  return [...new Set([...wanted, most])].sort((a, b) => a - b);
}

function allowed(asked: Asked, now: number, gpus: number): Option | null {
  const set = { max_gpus: gpus };
  const probe = asked.ask(set);
  if (!passes(probe)) return null;
  const change = `Allow ${plural(gpus, 'GPU')}`;
  return {
    family: 'gpus',
    change,
    from: `at most ${formatFixed(now)}`,
    to: `at most ${formatFixed(gpus)}`,
    set,
    probe,
    note: null,
  };
}

/** No headroom: more of the capacity may be used, and bursts are no longer planned for. */
export function lessHeadroom(asked: Asked): Attempts {
  const { headroom } = asked.prepared.input;
  // Where the GPUs are not what limits the load, the headroom only buys replicas.
  const isLoadMissed = asked.sizing.maxGpus !== null && reachOf(asked).some(({ mostReplicas }) => mostReplicas >= 1);
  if (headroom === 0 || !isLoadMissed) return { options: [], futile: [] };
  return attempt(
    asked,
    { headroom: 0 },
    {
      family: 'headroom',
      change: `Headroom ${headroom} -> 0 %`,
      from: `${headroom} %`,
      to: '0 %',
      note: 'Nothing is left for bursts.',
    },
  );
}

/** The largest load that is served as asked; none where not even a little is. */
export function lessLoad(asked: Asked): Attempts {
  const { users } = asked.demand;
  const reach = reachOf(asked);
  const able = new Set(reach.filter(({ mostReplicas }) => mostReplicas > 0).map(({ instance }) => instance));
  if (able.size === 0) return nothingServed(asked, users);
  const mostPerS = Math.max(...reach.map(({ carriesPerS, mostReplicas }) => carriesPerS * mostReplicas));
  if (!Number.isFinite(mostPerS)) return { options: [], futile: [] };
  const serves = (set: Change): boolean => passes(asked.ask(set, able));
  if (users !== null) {
    const most = mostUsers(Math.floor((mostPerS * users) / asked.sizing.rateReqPerS), users, (fewer) =>
      serves({ users: fewer }),
    );
    if (most === null) return { options: [], futile: [] };
    const change = `Serve ${plural(most, 'user')}`;
    return attempt(asked, { users: most }, { family: 'load', change, from: formatFixed(users), to: formatFixed(most) });
  }
  const rate = mostRate(mostPerS, (lower) => serves({ rate: lower }));
  if (rate === null) return { options: [], futile: [] };
  const figure = formatSignificant(rate);
  const from = `${formatSignificant(asked.sizing.rateReqPerS)} requests/s`;
  const text = { change: `Serve ${figure} requests/s`, from, to: `${figure} requests/s` };
  return attempt(asked, { rate }, { family: 'load', ...text });
}

/** That a single user is not served either says more than any other change. */
function nothingServed(asked: Asked, users: number | null): Attempts {
  const isTooSlow = asked.outcome.excluded.some(({ refusal }) => refusal.reason === 'sla_missed');
  if (users === null || users === 1 || !isTooSlow) return { options: [], futile: [] };
  return attempt(asked, { users: 1 }, { family: 'load', change: 'Serve 1 user', from: formatFixed(users), to: '1' });
}

/** The largest number below `asked` that `serves`, looked for at `guess` first; null where none does. */
export function mostUsers(guess: number, asked: number, serves: (users: number) => boolean): number | null {
  let low = 0;
  let high = asked;
  // The guess is exact unless a plan's latency is not monotone in its load: then its neighbourhood settles little.
  for (const users of [guess, guess + 1]) {
    if (users <= low || users >= high) continue;
    if (serves(users)) low = users;
    else high = users;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (serves(middle)) low = middle;
    else high = middle;
  }
  return low === 0 ? null : low;
}

/** The largest rate of three digits that `serves`, from `mostPerS` down. */
function mostRate(mostPerS: number, serves: (rate: number) => boolean): number | null {
  const grain = 10 ** (Math.floor(Math.log10(mostPerS)) - RATE_DIGITS + 1);
  const steps = Math.floor(mostPerS / grain + 1e-9);
  for (let below = 0; below < RATE_STEPS; below += 1) {
    const rate = Number(((steps - below) * grain).toPrecision(RATE_DIGITS));
    if (rate > 0 && serves(rate)) return rate;
  }
  return null;
}

export const loadAttempts = (asked: Asked): Attempts => joined([moreGpus(asked), lessHeadroom(asked), lessLoad(asked)]);
