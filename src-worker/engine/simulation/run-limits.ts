import { invalidInput } from '../errors.ts';

/* How long a simulation may take before it is no answer. */

/** Rounds that the prompts of a steady state may take; where prompts are of thousands of chunks, fewer are measured. */
export const AFFORDED_ROUNDS = 1e7;
/** Rounds of an answer's loop and requests drawn for it at most: some tens of seconds of computing. */
export const MOST_ROUNDS = 1e8;
export const MOST_DRAWN = 10_000_000;

/** 10,000,000. */
export const inWords = (count: number): string => count.toLocaleString('en-US');

/** A simulation that would take minutes is no answer. */
export const tooLong = (what: string): Error =>
  invalidInput('simulation_too_long', `The simulation would take too long: ${what}.`, {});
