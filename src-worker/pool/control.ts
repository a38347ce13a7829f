import { CONTROL_LENGTH } from '../protocol/worker-api.ts';

/** A thread deep in one calculation hears the flag late; after this it is not waited for, so that a cancel stays short. */
export const CANCEL_GRACE_MS = 400;

/** What a pool shares with the thread that computes for it (protocol/worker-api.ts). */
export const newControl = (): Int32Array =>
  new Int32Array(new SharedArrayBuffer(CONTROL_LENGTH * Int32Array.BYTES_PER_ELEMENT));

export const SIMULATION_CANCELLED = 'The simulation was stopped before it came to an end; ask again to start it anew.';
