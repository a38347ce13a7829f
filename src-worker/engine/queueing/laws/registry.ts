import type { ServiceLaw, ServiceLawKind } from '../service.ts';
import type { LawDefinition } from './definition.ts';
import { deterministic } from './deterministic.ts';
import { exponential } from './exponential.ts';
import { gamma } from './gamma.ts';
import { lognormal } from './lognormal.ts';

const LAWS: Record<ServiceLawKind, LawDefinition> = { deterministic, exponential, gamma, lognormal };

export const SERVICE_LAW_KINDS = Object.keys(LAWS) as ServiceLawKind[];

/** Narrower than this a service is constant for every purpose: its percentiles move by less than a millionth. */
const LEAST_CV = 1e-7;

/** The definition that serves a law: a spread of 0 is constant service, whatever the name. */
export function lawDefinition({ kind, cv }: Pick<ServiceLaw, 'kind' | 'cv'>): LawDefinition {
  const law = LAWS[kind];
  return law.cvUsed(cv) < LEAST_CV ? deterministic : law;
}
