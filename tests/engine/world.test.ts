import { describe, expect, test } from 'vitest';
import { calibrationOf, facts, gpuOf } from './world.ts';

// A test that wrote link efficiencies into the shared profile let an explanation in a later file be off by 1 %: its value came
// from a plan that was remembered from before, its parts from one compiled after.
describe('the catalogs that tests share', () => {
  test.each<[string, () => void]>([
    ['a constant of a profile', () => void (calibrationOf().constants['linkEfficiency']!.value = 0.9)],
    ['a factor of a family', () => void (Object.values(calibrationOf().families)[0]!.bandwidth = 1)],
    ['a GPU', () => void (gpuOf('nvidia-h100-80gb').peaks.fp16FlopPerS = 1)],
    ['the order of the instances', () => void facts.instances.reverse()],
    ['a further GPU', () => void facts.gpus.push(gpuOf('nvidia-h100-80gb'))],
  ])('cannot be written: %s', (_, write) => {
    expect(write).toThrow(TypeError);
  });

  test('a clone can be', () => {
    const calibration = structuredClone(calibrationOf());
    calibration.constants['linkEfficiency']!.value = 0.9;
    expect(calibration.constants['linkEfficiency']!.value).not.toBe(calibrationOf().constants['linkEfficiency']!.value);
  });
});
