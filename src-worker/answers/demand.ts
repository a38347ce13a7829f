import { invalidInput } from '../engine/errors.ts';
import type { Facts } from '../engine/facts.ts';
import { headroomRule } from '../engine/sizing/headroom.ts';
import type { SizingDemand, SizingSubject } from '../engine/sizing/types.ts';
import { demandOf, type Demand } from '../engine/workload/demand.ts';
import type { SizeInput } from '../protocol/requests.ts';

/** users or rate: exactly one. */
export function demandFor(prepared: { input: SizeInput; subject: SizingSubject }, users: number | null): Demand {
  const { input, subject } = prepared;
  const asked = users ?? input.users;
  if (asked !== undefined && input.rate !== undefined && users === null) {
    throw invalidInput('users_and_rate', 'Both users and rate were given: give either --users or --rate.', {});
  }
  if (asked === undefined && input.think_time > 0) {
    throw invalidInput(
      'think_time_unused',
      'think_time belongs to users: a rate in requests/s already says how often they ask.',
      {},
    );
  }
  if (asked !== undefined) return demandOf(subject.workload, { users: asked, thinkTimeS: input.think_time });
  if (input.rate !== undefined) return demandOf(subject.workload, { rateReqPerS: input.rate });
  throw invalidInput(
    'load_needed',
    'How much load? Give --users (people at once) or --rate (requests per second).',
    {},
  );
}

export function sizingDemand(
  prepared: { input: SizeInput; facts: Facts },
  demand: Demand,
  zone: string | null,
): SizingDemand {
  const { input, facts } = prepared;
  return {
    rateReqPerS: demand.rateReqPerS,
    headroom: headroomRule(input.headroom, facts.headroom),
    pricing: input.pricing,
    zone,
    region: input.region,
    maxGpus: input.max_gpus,
  };
}
