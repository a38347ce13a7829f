import type { Relaxation, SizeDocument } from '../../../src-worker/protocol/documents.ts';
import { sizeInputSchema, type SizeInputDraft } from '../../../src-worker/protocol/requests.ts';
import { size } from '../ask.ts';

const LLAMA_7B = 'meta-llama/Llama-2-7b-hf';
const LLAMA_70B = 'meta-llama/Llama-2-70b-hf';
const LLAMA_8B = 'meta-llama/Llama-3.1-8B-Instruct';

/** Questions to the real catalogs that nothing meets, each for another reason. */
export const CASES = {
  'few GPUs in one zone': { model: LLAMA_70B, workload: 'rag', users: 50, zone: 'europe-west4-a', max_gpus: 8 },
  'one GPU for a 70B model': { model: LLAMA_70B, users: 100, max_gpus: 1 },
  'a first token within 1 ms': { model: LLAMA_7B, users: 10, sla: { ttft_p50: 1 } },
  'every first token within 5 ms': { model: LLAMA_7B, users: 10, sla: { ttft_p50: 5, ttft_p95: 5, ttft_p99: 5 } },
  'spot where none is sold': { model: LLAMA_7B, users: 10, provider: ['lambda'], pricing: 'spot' },
  'on demand without a price': { model: LLAMA_7B, users: 10, provider: ['gcp'], gpu: ['nvidia-b200'] },
  'far more requests than the GPUs carry': { model: LLAMA_7B, rate: 100_000, max_gpus: 16 },
  'weights larger than the memory': { model: LLAMA_70B, users: 10, provider: ['gcp'], gpu: ['nvidia-l4'], tp: 4 },
  'no headroom to spare': { model: LLAMA_8B, workload: 'rag', users: 200, max_gpus: 2, headroom: 50 },
  'the prefix cache off': { model: LLAMA_8B, workload: 'rag', users: 80, max_gpus: 1, prefix_cache: false },
  'only retired instances': { model: LLAMA_7B, users: 10, provider: ['azure'], gpu: ['nvidia-v100-16gb-pcie'] },
  'retired instances that cost less': {
    model: LLAMA_7B,
    users: 10,
    provider: ['azure'],
    region: 'eastasia',
    sla: { tpot_p50: 15 },
  },
  'prompts beyond the context': { model: LLAMA_70B, workload: 'rag', users: 10, strict_context: true },
  'more parallelism than any instance has': { model: LLAMA_7B, users: 10, tp: 64 },
  'nothing matches the filters': { model: LLAMA_7B, users: 10, provider: ['lambda'], gpu: ['nvidia-l4'] },
} satisfies Record<string, SizeInputDraft>;

export type CaseName = keyof typeof CASES;

const answers = new Map<CaseName, SizeDocument>();

/** Answers are computed once: a sizing of the whole catalog takes a tenth of a second. */
export function answerTo(name: CaseName): SizeDocument {
  const known = answers.get(name) ?? size(CASES[name]);
  answers.set(name, known);
  return known;
}

/** The question with keys laid over it, as a window applies a change. */
export const sizeWith = (name: CaseName, set: Record<string, unknown>): SizeDocument =>
  size(sizeInputSchema.parse({ ...CASES[name], ...set }));

export function change(name: CaseName, pattern: RegExp): Relaxation {
  const found = answerTo(name).relaxations.find((relaxation) => pattern.test(relaxation.change));
  if (!found)
    throw new Error(
      `no ${pattern} in: ${answerTo(name)
        .relaxations.map((one) => one.change)
        .join('; ')}`,
    );
  return found;
}
