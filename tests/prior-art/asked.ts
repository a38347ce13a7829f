import { facts, modelSource } from '../engine/world.ts';
import { predict, size } from '../answers/ask.ts';
import { answerModel } from '../../src-worker/answers/model.ts';
import { answerQueue } from '../../src-worker/answers/queue.ts';
import type {
  Exclusion,
  LatencySummary,
  ModelDocument,
  PredictDocument,
  QueueDocument,
  Recommendation,
  SizeDocument,
} from '../../src-worker/protocol/documents.ts';
import { queueInputSchema, type QueueInputDraft } from '../../src-worker/protocol/requests.ts';

/**
 * Questions for the tests named after the bugs of the original this project began from (`config_iq`, commit 9e826f3): one
 * test a number, so that a bug that comes back is met by its name. Each asks what a host asks, nothing inside.
 */

export { facts, predict, size };

export const LLAMA_2_7B = 'meta-llama/Llama-2-7b-hf';
export const LLAMA_3_8B = 'meta-llama/Llama-3.1-8B-Instruct';
export const LLAMA_3_70B = 'meta-llama/Llama-3.1-70B-Instruct';

export const queue = (draft: QueueInputDraft): QueueDocument => answerQueue(queueInputSchema.parse(draft));
export const model = (id: string): ModelDocument => answerModel(modelSource(id));

/** A number that has to be there. */
export function known(value: number | null | undefined): number {
  if (value === null || value === undefined) throw new Error('there is no value');
  return value;
}

export function first(document: SizeDocument): Recommendation {
  const [row] = document.recommendations;
  if (!row) throw new Error(`nothing passes: ${document.excluded[0]?.detail ?? 'nothing was judged'}`);
  return row;
}

export function rowOf(document: SizeDocument, instance: string): Recommendation {
  const row = document.recommendations.find((entry) => entry.instance === instance);
  if (!row) throw new Error(`${instance} does not pass`);
  return row;
}

export function exclusionOf(document: SizeDocument, instance: string): Exclusion {
  const row = document.excluded.find((entry) => entry.instance === instance);
  if (!row) throw new Error(`${instance} is not excluded`);
  return row;
}

export const tail = ({ p50, p95, p99 }: LatencySummary): { p95: number; p99: number } => ({
  p95: known(p95) / known(p50),
  p99: known(p99) / known(p50),
});

/** One A100 80GB with chat-like lengths. */
export const onA100 = (draft: Partial<Parameters<typeof predict>[0]>): PredictDocument =>
  predict({ model: LLAMA_2_7B, gpu: 'nvidia-a100-80gb', input_tokens: 250, output_tokens: 150, ...draft });
