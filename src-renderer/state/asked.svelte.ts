import { untrack } from 'svelte';
import type { Result } from '../../src-worker/protocol/result.ts';

/** What became of the last question of one kind. The answer to an earlier one is passed over; the old one stays meanwhile. */
export class Asked<Value> {
  /** What the value is about; empty before anything was asked. */
  answeredKey = $state('');
  value = $state.raw<Value | null>(null);
  /** Why the last question has no answer; empty while it may. */
  problem = $state('');
  isWaiting = $state(false);
  #askedKey = '';

  /** Asks, unless the same is being asked already. */
  async ask(key: string, question: () => Promise<Result<Value>>): Promise<void> {
    // An effect that asks must not run again when its answer comes: it would ask for ever.
    if (untrack(() => this.isWaiting) && key === this.#askedKey) return;
    this.#askedKey = key;
    this.isWaiting = true;
    const result = await question();
    if (this.#askedKey !== key) return;
    this.isWaiting = false;
    this.problem = result.ok ? '' : result.error.message;
    this.answeredKey = key;
    this.value = result.ok ? result.value : null;
  }
}
