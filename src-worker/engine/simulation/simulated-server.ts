import type { BatchingSubject } from '../batching/subject.ts';
import type { SchedulingPolicy } from './requests.ts';
import type { SimulatedServer } from './scheduler.ts';

/** How a replica schedules, beside what the closed form knows of it. */
export interface SchedulerRules {
  policy: SchedulingPolicy;
  reservesWholePrompt: boolean;
  hasSeparatePrefill: boolean;
}

/** vLLM V1 as it comes. */
export const DEFAULT_RULES: SchedulerRules = {
  policy: 'fcfs',
  reservesWholePrompt: true,
  hasSeparatePrefill: false,
};

/** The scheduler of the replica that the closed form knows as `subject`. */
export const serverOf = (subject: BatchingSubject, rules: SchedulerRules = DEFAULT_RULES): SimulatedServer => ({
  plan: subject.plan,
  maxNumBatchedTokens: subject.maxNumBatchedTokens,
  maxNumSeqs: subject.maxNumSeqs,
  kvCacheTokens: subject.kvCacheTokens,
  ...rules,
});
