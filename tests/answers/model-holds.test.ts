import { describe, expect, test } from 'vitest';
import { answerModelHolds } from '../../src-worker/answers/model-holds.ts';
import { modelHoldsSchema, type ModelHoldsDraft } from '../../src-worker/protocol/requests.ts';
import { attempt } from '../../src-worker/protocol/result.ts';
import { bundledSource } from '../engine/model/bundled.ts';

const holds = ({ id, ...rest }: ModelHoldsDraft) =>
  answerModelHolds(modelHoldsSchema.parse({ id, ...rest }), bundledSource(id));

describe('what one GPU of a group holds', () => {
  test('one GPU holds all of it', () => {
    const document = holds({ id: 'meta-llama/Llama-2-7b-hf' });
    expect(document).toMatchObject({ model_bytes: 2 * 6_738_415_616, fullest_stage: 0 });
    expect(document.stages).toHaveLength(1);
    expect(document.stages[0]).toMatchObject({ num_layers: 32, total_bytes: 2 * 6_738_415_616 });
    expect(document.stages[0]?.kv_bytes_per_token).toEqual({ fp16: 524_288, fp8: 262_144 });
  });

  // Llama-2-7b over 2 stages of 2 GPUs: 16 layers of 4 x 4096² and 3 x 4096 x 11008 halved, with two norms of 4096 copied; the
  // first stage has half of the embedding, the last half of the head and the final norm.
  test('stages and halves, worked by hand', () => {
    const { stages } = holds({ id: 'meta-llama/Llama-2-7b-hf', tp: 2, pp: 2 });
    const layers = 16 * ((4 * 4096 * 4096 + 3 * 4096 * 11_008) / 2 + 2 * 4096);
    const vocabulary = (32_000 * 4096) / 2;
    expect(stages.map((stage) => stage.total_parameters)).toEqual([layers + vocabulary, layers + vocabulary + 4096]);
    expect(stages.map(({ first_layer, num_layers }) => [first_layer, num_layers])).toEqual([
      [0, 16],
      [16, 16],
    ]);
    expect(stages[0]?.kv_bytes_per_token.fp16).toBe(524_288 / 4);
  });

  test('the compressed vectors of MLA are whole on every GPU, experts go whole to their GPUs', () => {
    const [stage] = holds({ id: 'deepseek-ai/DeepSeek-V3', tp: 8, ep: 8 }).stages;
    expect(stage?.kv_bytes_per_token.fp16).toBe(61 * 576 * 2);
    // 58 layers, 32 of 256 experts of 3 x 7168 x 2048 on each GPU.
    expect(stage?.parameters['experts']).toBe(58 * 32 * 3 * 7168 * 2048);
  });

  test('degrees that do not go together are refused with the cure', () => {
    const refusal = (draft: ModelHoldsDraft) => attempt(() => holds(draft));
    const id = 'meta-llama/Llama-2-7b-hf';
    expect(refusal({ id, tp: 3 })).toMatchObject({ ok: false, error: { code: 'tp_heads' } });
    expect(refusal({ id, pp: 33 })).toMatchObject({ ok: false, error: { code: 'parallelism_invalid' } });
    expect(() => modelHoldsSchema.parse({ id, tp: 0 })).toThrow();
  });
});
