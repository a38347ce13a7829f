import { ConfigIqError } from '../../engine/errors.ts';
import type { Facts } from '../../engine/facts.ts';
import type { Instance } from '../../engine/hardware/types.ts';
import type { ModelSource } from '../../engine/model/types.ts';
import { chooseOffer } from '../../engine/sizing/offers.ts';
import { gpuGroup } from '../../engine/sizing/plan-groups.ts';
import { evaluatePlans } from '../../engine/sizing/evaluated-plans.ts';
import { sizeForDemand } from '../../engine/sizing/size.ts';
import type { SizeOutcome, SizingDemand } from '../../engine/sizing/types.ts';
import type { Demand } from '../../engine/workload/demand.ts';
import type { SizeInput } from '../../protocol/requests.ts';
import { demandFor, sizingDemand } from '../demand.ts';
import { factsFor } from '../own-hardware.ts';
import { resolved, type PreparedSizing } from '../prepared.ts';

/** Keys of a question and new values for them. */
export type Change = Partial<SizeInput>;

/** A question that was sized: as it was asked, or with a change laid over it. */
export interface Probe {
  prepared: PreparedSizing;
  demand: Demand;
  sizing: SizingDemand;
  outcome: SizeOutcome;
}

/** The question that nothing meets, and how to ask it otherwise. */
export interface Asked extends Probe {
  /**
   * The answer to the question with `change` laid over it; null where that is no valid question. With `only`, other
   * instances are left out: the answer is the same as long as none of them would pass.
   */
  ask: (change: Change, only?: ReadonlySet<Instance>) => Probe | null;
}

/** Changes of these cost no capacity search. */
const DEMAND_KEYS: readonly string[] = ['users', 'rate', 'headroom', 'pricing', 'zone', 'region', 'max_gpus'];

export function probed(prepared: PreparedSizing): Probe {
  const demand = demandFor(prepared, null);
  const sizing = sizingDemand(prepared, demand, prepared.input.zone);
  return { prepared, demand, sizing, outcome: sizeForDemand(prepared.evaluated, sizing) };
}

/** The same plans under another load, place or price than their question says. */
export const resized = (probe: Probe, sizing: SizingDemand): Probe => ({
  ...probe,
  sizing,
  outcome: sizeForDemand(probe.prepared.evaluated, sizing),
});

/** Could an instance pass at all? One without a price in the place asked for, or with too many GPUs, cannot. */
export const isEligible = (instance: Instance, sizing: SizingDemand): boolean =>
  chooseOffer(instance, sizing).kind === 'offer' &&
  (sizing.maxGpus === null || gpuGroup(instance).gpus <= sizing.maxGpus);

export function askedOf(asked: Probe, source: ModelSource, facts: Facts): Asked {
  // Plans for other targets are of no use to later questions: their memory goes with this copy of the catalogs.
  const passing: Facts = { ...facts };
  return {
    ...asked,
    ask(change, only) {
      const input: SizeInput = { ...asked.prepared.input, ...change };
      const isIncluded = (instance: Instance): boolean => !only || only.has(instance);
      if (Object.keys(change).every((key) => DEMAND_KEYS.includes(key))) {
        const { evaluated } = asked.prepared;
        const candidates = evaluated.candidates.filter(({ instance }) => isIncluded(instance));
        return probed({ ...asked.prepared, input, evaluated: { ...evaluated, candidates } });
      }
      return validOrNull(() => {
        const { prepared, known } = resolved(input, source, 'sla' in change ? passing : facts);
        const sizing = sizingDemand(prepared, demandFor(prepared, null), input.zone);
        const scoped = factsFor(input, facts);
        const instances = scoped.instances.filter(
          (instance) => isIncluded(instance) && isEligible(instance, sizing) && holdsReplica(instance, input),
        );
        const evaluated = evaluatePlans(
          prepared.subject,
          prepared.scope,
          { ...scoped, instances },
          { known: known.plans },
        );
        return probed({ ...prepared, facts: scoped, evaluated });
      });
    },
  };
}

const holdsReplica = (instance: Instance, { tp, pp }: SizeInput): boolean => (tp ?? 1) * pp <= gpuGroup(instance).gpus;

/** null where the changed question is not a valid one: a precision the checkpoint cannot take, say. */
function validOrNull(ask: () => Probe): Probe | null {
  try {
    return ask();
  } catch (thrown) {
    if (thrown instanceof ConfigIqError && thrown.family === 'invalid_input') return null;
    throw thrown;
  }
}
