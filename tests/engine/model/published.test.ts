import { describe, expect, it } from 'vitest';
import { analyze, bundledModel, bundledSource } from './bundled.ts';
import { PUBLISHED, WORKED } from './published-models.ts';

describe('models that are not bundled', () => {
  it.each(PUBLISHED)('$id has the $total published parameters', ({ total, config }) => {
    const model = analyze(config);
    expect(model.totalParameters).toBe(total);
    expect(model.isEstimated).toBe(false);
  });

  it.each(WORKED)('$id has the $total parameters of its tensors', ({ total, config }) => {
    const model = analyze(config);
    expect(model.totalParameters).toBe(total);
    expect(model.isEstimated).toBe(false);
  });

  it('are many, and each once', () => {
    const ids = [...PUBLISHED, ...WORKED].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(60);
  });

  it('slides in five of six layers of Gemma 3', () => {
    const gemma = PUBLISHED.find(({ id }) => id === 'google/gemma-3-1b-it');
    const windows = analyze(gemma?.config).layers.map(({ attention }) => attention.cache[0]?.windowTokens);
    expect(windows.slice(0, 7)).toEqual([512, 512, 512, 512, 512, null, 512]);
  });
});

/** The decoders inside models with a vision or audio part, less those parts: published totals and enumerated ones. */
const TEXT_PARTS: [string, number][] = [
  ['google/gemma-3-12b-it', 11_766_034_176],
  ['google/gemma-3-27b-it', 27_009_346_304],
  ['google/gemma-3n-E4B-it', 6_835_235_568],
  ['google/gemma-4-26B-A4B', 25_233_141_760],
  ['google/gemma-4-E2B-it', 4_628_569_344],
  ['google/gemma-4-E4B-it', 7_463_013_376],
  ['nvidia/Gemma-4-31B-IT-NVFP4', 30_697_345_280],
  ['meta-llama/Llama-3.2-11B-Vision-Instruct', 9_775_192_080],
  ['meta-llama/Llama-4-Scout-17B-16E-Instruct', 107_769_861_120],
  ['mistralai/Ministral-3-3B-Instruct-2512-BF16', 3_429_006_336],
  ['mistralai/Mistral-Small-3.1-24B-Instruct-2503', 23_572_403_200],
];

describe('the text part', () => {
  it.each(TEXT_PARTS)('of %s has %i parameters', (id, total) => {
    const { text_config } = bundledSource(id).config as { text_config: Record<string, unknown> };
    const model = analyze(text_config);
    expect(model.totalParameters).toBe(total);
    expect(model.isEstimated).toBe(false);
  });

  it.each([
    // Enumerated from the modelling code: chosen experts only.
    ['google/gemma-4-26B-A4B', 3_822_530_560],
    ['meta-llama/Llama-4-Scout-17B-16E-Instruct', 17_172_894_720],
  ])('of %s uses %i parameters per token', (id, active) => {
    const { text_config } = bundledSource(id).config as { text_config: Record<string, unknown> };
    expect(analyze(text_config).activeParameters).toBe(active);
  });
});

describe('the body of a decoder without a head', () => {
  const embedder = bundledModel('intfloat/e5-mistral-7b-instruct');

  it('is counted: Mistral-7B (7,241,732,096) less its head of 32,000 x 4,096', () => {
    expect(embedder.totalParameters).toBe(7_241_732_096 - 32_000 * 4096);
    expect(embedder.isEstimated).toBe(false);
  });

  it('says that it generates no text', () => {
    expect(embedder.generatesText).toBe(false);
    expect(embedder.assumptions.join(' ')).toContain('turns texts into vectors');
    expect(bundledModel('Qwen/Qwen3-Embedding-8B').generatesText).toBe(true);
  });
});

describe('blocks for multi-token prediction', () => {
  // Enumerated: a layer like the last one, a projection of 2 x 5120 to 5120, three norms more.
  it.each(['zai-org/GLM-4.5', 'zai-org/GLM-4.6'])('%s ships 3,988,069,792 parameters beside the total', (id) => {
    expect(bundledModel(id).mtpParameters).toBe(3_988_069_792);
  });

  it('is one layer of MiMo-7B with a projection and five norms in all', () => {
    const layer = 2 * 4096 * 4096 + 2 * 4096 * 1024 + 4096 + 2 * 1024 + 3 * 4096 * 11008;
    expect(bundledModel('XiaomiMiMo/MiMo-7B-Base').mtpParameters).toBe(layer + 2 * 4096 * 4096 + 5 * 4096);
  });
});
