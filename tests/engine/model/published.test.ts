import { describe, expect, it } from 'vitest';
import { analyze } from './bundled.ts';

/**
 * Models that are not bundled, with the fields of their published config.json that decide the size, and the total of their
 * published weights.
 */
const PUBLISHED: [string, number, Record<string, unknown>][] = [
  [
    'google/gemma-3-1b-it',
    999_885_952,
    {
      model_type: 'gemma3_text',
      hidden_size: 1152,
      num_hidden_layers: 26,
      num_attention_heads: 4,
      num_key_value_heads: 1,
      head_dim: 256,
      intermediate_size: 6912,
      vocab_size: 262144,
      max_position_embeddings: 32768,
      sliding_window: 512,
      sliding_window_pattern: 6,
    },
  ],
  [
    'HuggingFaceTB/SmolLM3-3B',
    3_075_098_624,
    {
      model_type: 'smollm3',
      hidden_size: 2048,
      num_hidden_layers: 36,
      num_attention_heads: 16,
      num_key_value_heads: 4,
      intermediate_size: 11008,
      vocab_size: 128256,
      max_position_embeddings: 65536,
    },
  ],
  [
    'microsoft/phi-2',
    2_779_683_840,
    {
      model_type: 'phi',
      hidden_size: 2560,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      intermediate_size: 10240,
      vocab_size: 51200,
      max_position_embeddings: 2048,
      tie_word_embeddings: false,
    },
  ],
  [
    // Projects a 512 wide embedding in and out, and has no final norm (post-norm layers).
    'facebook/opt-350m',
    331_196_416,
    {
      model_type: 'opt',
      hidden_size: 1024,
      word_embed_proj_dim: 512,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      ffn_dim: 4096,
      vocab_size: 50272,
      max_position_embeddings: 2048,
      do_layer_norm_before: false,
    },
  ],
];

describe('families without a bundled config', () => {
  it.each(PUBLISHED)('%s has the %i published parameters', (_, total, config) => {
    expect(analyze(config).totalParameters).toBe(total);
  });

  it('slides in five of six layers of Gemma 3', () => {
    const [, , config] = PUBLISHED[0]!;
    const windows = analyze(config).layers.map(({ attention }) => attention.cache[0]?.windowTokens);
    expect(windows.slice(0, 7)).toEqual([512, 512, 512, 512, 512, null, 512]);
  });
});
