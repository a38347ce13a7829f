import type { BatchingSubject } from '../batching/subject.ts';
import type { StepPlan } from '../roofline/step-plan.ts';
import type { SchedulingPolicy } from './requests.ts';

/** One scheduler: a replica, or one of its streams. */
export interface SimulatedServer {
  plan: StepPlan;
  maxNumBatchedTokens: number;
  /** No more than `maxNumBatchedTokens` of them are used, so that a decode never goes without its token (vLLM refuses more). */
  maxNumSeqs: number;
  kvCacheTokens: number;
  policy: SchedulingPolicy;
  /** A prompt is admitted where blocks for all of it are free, not for its first chunk alone (vLLM: scheduler_reserve_full_isl). */
  reservesWholePrompt: boolean;
  /** Prompts are computed whole, in steps of their own (vLLM 0.x). */
  hasSeparatePrefill: boolean;
}

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
