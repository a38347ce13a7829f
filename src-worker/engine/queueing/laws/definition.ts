import type { Delay, DelayShape } from '../delay.ts';
import type { UnitService } from '../service.ts';

/** What a service law offers the queues. One law = one file that exports one of these, and one line in registry.ts. */
export interface LawDefinition {
  /** The law's letter in Kendall's notation: M, D or G. */
  letter: string;
  /** `gamma service`, as it reads in a sentence. */
  words: string;
  /** How its percentiles are found, as it reads in a sentence. */
  percentiles(cv: number): string;
  /** The coefficient of variation the law has when this one is asked for. */
  cvUsed(cv: number): number;
  /** The law with unit mean. */
  service(cv: number): UnitService;
  /** Waiting and response times, in mean service times. */
  delay(cv: number, shape: DelayShape): Delay;
}
