import type { Observer } from './observer.ts';
import type { Clients } from './requests.ts';

/** A run is given up after so many rounds: minutes of computing. No question of ours comes near it. */
export const MOST_EVENTS = 1e9;

export interface RunOptions {
  /** null = an open run. */
  clients: Clients | null;
  /** The run ends when the requests before this one have ended; those after it only load the server. */
  numMeasured: number;
  observer: Observer | null;
  mostEvents: number;
  /** Called before the first round and every so many after it; what it throws ends the run. */
  checkpoint: (() => void) | null;
}

/** Rounds between two checkpoints: less than a millisecond of computing, milliseconds where ranks of urgency are sought. */
const ROUNDS_A_CHECKPOINT = 2048;
const CHECKPOINT_BITS = ROUNDS_A_CHECKPOINT - 1;

/** Is the round after so many followed by a checkpoint? */
export const isCheckpoint = (events: number): boolean => (events & CHECKPOINT_BITS) === CHECKPOINT_BITS;
