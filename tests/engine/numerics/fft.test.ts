import { describe, expect, it } from 'vitest';
import { fft, inverseFft } from '../../../src-worker/engine/numerics/fft.ts';

const wave = (size: number, phase: number): Float64Array =>
  Float64Array.from({ length: size }, (_, n) => Math.sin(phase + n * n * 0.37) + 0.1 * n);

describe('fast Fourier transform', () => {
  it.each([2, 4, 16, 64])('of length %d equals the sum that defines it', (size) => {
    const xRe = wave(size, 0.2);
    const xIm = wave(size, 1.1);
    const re = Float64Array.from(xRe);
    const im = Float64Array.from(xIm);
    fft(re, im);
    for (let k = 0; k < size; k += 1) {
      let sumRe = 0;
      let sumIm = 0;
      for (let n = 0; n < size; n += 1) {
        const angle = (-2 * Math.PI * k * n) / size;
        sumRe += (xRe[n] as number) * Math.cos(angle) - (xIm[n] as number) * Math.sin(angle);
        sumIm += (xRe[n] as number) * Math.sin(angle) + (xIm[n] as number) * Math.cos(angle);
      }
      expect(re[k]).toBeCloseTo(sumRe, 10);
      expect(im[k]).toBeCloseTo(sumIm, 10);
    }
  });

  it('is undone by its inverse', () => {
    const re = wave(1024, 0.5);
    const im = wave(1024, 2);
    fft(re, im);
    inverseFft(re, im);
    wave(1024, 0.5).forEach((value, n) => expect(re[n]).toBeCloseTo(value, 11));
    wave(1024, 2).forEach((value, n) => expect(im[n]).toBeCloseTo(value, 11));
  });

  it('refuses a length that is not a power of two', () => {
    expect(() => fft(new Float64Array(12), new Float64Array(12))).toThrow('power of two');
  });
});
