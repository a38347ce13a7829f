import { describe, expect, it } from 'vitest';
import { knownModelTypes } from '../../../src-worker/engine/model/families/registry.ts';
import { multimodalTypes } from '../../../src-worker/engine/model/towers/registry.ts';
import { analyze } from './bundled.ts';
import { CLASS_DEFAULTS } from './class-defaults.ts';

/** Counted as the class has it, and labelled: PaddlePaddle's own files leave the same key out and mean another value. */
const LABELLED = ['ernie4_5_moe'];

describe('short files, the rest of which their class sets', () => {
  it.each(Object.entries(CLASS_DEFAULTS))('%s as Transformers builds it', (modelType, [, total, active, fields]) => {
    const model = analyze({ model_type: modelType, ...fields });
    expect(model.totalParameters).toBe(total);
    if (active !== null) expect(model.activeParameters).toBe(active);
    expect(model.isEstimated).toBe(LABELLED.includes(modelType));
  });

  it('are of types that are known', () => {
    const known = new Set([...knownModelTypes(), ...multimodalTypes()]);
    expect(Object.keys(CLASS_DEFAULTS).filter((modelType) => !known.has(modelType))).toEqual([]);
    expect(Object.keys(CLASS_DEFAULTS).length).toBeGreaterThan(165);
  });
});
