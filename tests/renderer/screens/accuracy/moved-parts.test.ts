import { describe, expect, test } from 'vitest';
import { movedParts, movedSentence } from '../../../../src-renderer/screens/accuracy/moved-parts.ts';
import { informedSentence } from '../../../../src-worker/protocol/calibration-words.ts';
import type { CalibrationDocument, MovedParameter } from '../../../../src-worker/protocol/calibration.ts';

const families = {
  gddr: { gpuIds: ['nvidia-l4', 'nvidia-l40s', 'nvidia-rtx-4090', 'nvidia-a10', 'nvidia-a40'] },
  turing: { gpuIds: ['nvidia-t4'] },
};
const document = (moved: MovedParameter[], changes: Partial<CalibrationDocument> = {}): CalibrationDocument =>
  ({ base: 'default', parameters: 45, informed: 0, moved, profile: { families }, ...changes }) as CalibrationDocument;

describe('what a calibration moved', () => {
  test('is told by what it holds for, what every prediction shares first', () => {
    const parts = movedParts(
      document([
        { parameter: 'generations.vllm-v1-late.stepMs', from: 2, to: 1 },
        { parameter: 'families.gddr.compute', from: 1, to: 1.2 },
        { parameter: 'gpuBandwidthFactors.nvidia-l40s', from: 1, to: 1.1 },
        { parameter: 'families.gddr.bandwidth', from: 1, to: 0.95 },
        { parameter: 'families.turing.bandwidth', from: 1, to: 0.96 },
        { parameter: 'constants.kvReadEfficiency', from: 0.8, to: 0.82 },
        { parameter: 'precisionComputeFactors.fp8', from: 0.8, to: 0.81 },
      ]),
    );
    expect(
      parts.map(({ holdsFor, count, parameter, percent }) => [holdsFor, count, parameter, Math.round(percent)]),
    ).toEqual([
      ['Every GPU, engine and model', 1, 'constants.kvReadEfficiency', 2],
      ['Every GPU, by number format', 1, 'precisionComputeFactors.fp8', 1],
      ['L4, L40S, RTX 4090 and 2 more', 2, 'families.gddr.compute', 20],
      ['L40S', 1, 'gpuBandwidthFactors.nvidia-l40s', 10],
      ['T4', 1, 'families.turing.bandwidth', -4],
      ['vLLM 0.15 and later', 1, 'generations.vllm-v1-late.stepMs', -50],
    ]);
  });

  test('the sentence counts what other GPUs are predicted with', () => {
    const own = { parameter: 'gpuBandwidthFactors.nvidia-l40s', from: 1, to: 1.1 };
    const shared = { parameter: 'generations.vllm-v1-late.stepMs', from: 2, to: 1 };
    expect(movedSentence(document([own, shared]))).toBe(
      '2 parameters moved, 1 of them for every GPU, so that predictions for others change too',
    );
    expect(movedSentence(document([shared]))).toMatch(/^1 parameter moved, for every GPU, so that/);
    expect(movedSentence(document([own]))).toBe('1 parameter moved, for GPUs of their kind');
    expect(movedSentence(document([]))).toBe('');
  });

  test('that rows narrow no parameter down is said together with why figures change', () => {
    const moved = [{ parameter: 'constants.kvReadEfficiency', from: 0.8, to: 0.82 }];
    expect(informedSentence(document(moved))).toMatch(
      /bear on 45 parameters and narrow none of them down by themselves: each is held mainly by default, and .* many small moves together/,
    );
    expect(informedSentence(document(moved, { informed: 3 }))).toMatch(
      /45 parameters .* they narrow 3 down; the others/,
    );
    expect(informedSentence(document([]))).toBe('Every parameter stays as default has it.');
  });
});
