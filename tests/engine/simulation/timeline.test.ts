import { describe, expect, test } from 'vitest';
import { simulate } from '../../../src-worker/engine/simulation/simulate.ts';
import type { Observer } from '../../../src-worker/engine/simulation/observer.ts';
import { Timeline, type TimelineBin } from '../../../src-worker/engine/simulation/timeline.ts';
import { deploymentCases, oddCase, type SchedulerCase } from './random-cases.ts';

const CASES = [
  ...Array.from({ length: 200 }, (_, index) => oddCase(index + 1)),
  ...deploymentCases(150).filter((_, index) => index % 12 === 6),
];

interface Told {
  fromMs: number;
  toMs: number;
  running: number;
  waiting: number;
  usedBlocks: number;
  preemptions: number;
}

/** Everything an observer was told, and the bins made of it. */
function follow({ requests, server, clients }: SchedulerCase, fromMs = 0) {
  const told: Told[] = [];
  const timeline = new Timeline(fromMs);
  const observer: Observer = {
    during: (from, to, running, waiting, usedBlocks, preemptions) => {
      told.push({ fromMs: from, toMs: to, running, waiting, usedBlocks, preemptions });
      timeline.during(from, to, running, waiting, usedBlocks, preemptions);
    },
  };
  return { run: simulate(requests, server, { clients, observer }), told, bins: timeline.bins() };
}

const integral = (bins: readonly TimelineBin[], of: 'running' | 'waiting' | 'usedBlocks'): number =>
  bins.reduce((sum, bin) => sum + bin[of] * (bin.toMs - bin.fromMs), 0);
const area = (told: readonly Told[], of: 'running' | 'waiting' | 'usedBlocks'): number =>
  told.reduce((sum, piece) => sum + piece[of] * (piece.toMs - piece.fromMs), 0);

describe('the timeline of a run', () => {
  test('has bins of one width that cover it from the start to the end, no more than a chart is wide', () => {
    for (const one of CASES) {
      const { run, bins } = follow(one);
      if (run.wallMs === 0) continue;
      expect(bins[0]?.fromMs, one.name).toBe(0);
      expect(bins.at(-1)?.toMs, one.name).toBeCloseTo(run.wallMs, 9);
      expect(bins.length, one.name).toBeLessThanOrEqual(480);
      if (run.wallMs > 480) expect(bins.length, one.name).toBeGreaterThan(239);
      bins.forEach((bin, i) => expect(bin.fromMs, one.name).toBe(i === 0 ? 0 : bins[i - 1]?.toMs));
      const [width] = bins.map(({ fromMs, toMs }) => toMs - fromMs) as [number];
      expect(bins.slice(0, -1).every(({ fromMs, toMs }) => toMs - fromMs === width)).toBe(true);
    }
  });

  test('keeps the integrals of what was told, and every preemption', () => {
    let preempted = 0;
    for (const one of CASES) {
      const { run, told, bins } = follow(one);
      for (const of of ['running', 'waiting', 'usedBlocks'] as const) {
        const exact = area(told, of);
        expect(Math.abs(integral(bins, of) - exact), `${one.name}, ${of}`).toBeLessThanOrEqual(1e-9 * exact + 1e-9);
      }
      const count = run.preemptions.reduce((sum, times) => sum + times, 0);
      expect(
        bins.reduce((sum, bin) => sum + bin.preemptions, 0),
        one.name,
      ).toBe(count);
      preempted += count;
    }
    expect(preempted).toBeGreaterThan(1000);
  });

  test('keeps the highest of what was told within each bin, however often bins were joined', () => {
    let above = 0;
    for (const one of CASES) {
      const { run, told, bins } = follow(one);
      const width = (bins[0]?.toMs ?? 0) - (bins[0]?.fromMs ?? 0);
      const most = bins.map(() => ({ running: 0, waiting: 0, usedBlocks: 0 }));
      for (const piece of told) {
        for (let i = Math.floor(piece.fromMs / width); i < bins.length && i * width < piece.toMs; i += 1) {
          const bin = most[i] as (typeof most)[number];
          for (const of of ['running', 'waiting', 'usedBlocks'] as const) bin[of] = Math.max(bin[of], piece[of]);
        }
      }
      const kept = bins.map(({ mostRunning, mostWaiting, mostUsedBlocks }) => ({
        running: mostRunning,
        waiting: mostWaiting,
        usedBlocks: mostUsedBlocks,
      }));
      expect(kept, one.name).toEqual(most);
      expect(
        kept.reduce((top, bin) => Math.max(top, bin.running), 0),
        one.name,
      ).toBe(run.maxRunning);
      above += bins.filter((bin) => bin.mostUsedBlocks > 1.2 * bin.usedBlocks).length;
    }
    // Peaks that averages over a bin do not show.
    expect(above).toBeGreaterThan(1000);
  });

  test('is told of the whole run in pieces that follow one another, in numbers that can be', () => {
    for (const one of CASES) {
      const { run, told } = follow(one);
      told.forEach((piece, i) =>
        expect(piece.fromMs, one.name).toBeCloseTo(i === 0 ? 0 : (told[i - 1]?.toMs as number), 9),
      );
      for (const { running, waiting, usedBlocks } of told) {
        expect(running <= run.maxRunning && waiting >= 0 && usedBlocks >= 0 && usedBlocks <= run.totalBlocks).toBe(
          true,
        );
      }
    }
  });

  test('does not change the run', () => {
    for (const one of CASES.slice(0, 50)) {
      const alone = simulate(one.requests, one.server, { clients: one.clients });
      expect(follow(one).run, one.name).toEqual(alone);
    }
  });

  test('can begin later: what was before is left out', () => {
    const one = CASES.at(-1) as SchedulerCase;
    const { run, told } = follow(one);
    const fromMs = run.wallMs / 3;
    const { bins } = follow(one, fromMs);
    expect(bins[0]?.fromMs).toBe(0);
    expect(bins.at(-1)?.toMs).toBeCloseTo(run.wallMs - fromMs, 6);
    const later = told
      .filter(({ toMs }) => toMs > fromMs)
      .map((piece) => ({ ...piece, fromMs: Math.max(fromMs, piece.fromMs) }));
    expect(integral(bins, 'running') / area(later, 'running')).toBeCloseTo(1, 9);
  });
});
