import { stepTimeMs } from '../../../src-worker/engine/roofline/step-time.ts';
import type { RunRequests, RunServer } from '../../../src-worker/engine/simulation/replay.ts';

/**
 * A second scheduler, one step at a time and one object per request, that shares nothing with the replay but the time of a
 * step. It also writes down every step, so that laws of a schedule can be checked on it.
 */
export interface SlowStep {
  startMs: number;
  endMs: number;
  decodes: number;
  promptTokens: number;
  /** Sequences that hold a seat while the step runs. */
  seated: number;
}

export interface SlowRun {
  ttftMs: number[];
  e2eMs: number[];
  wallMs: number;
  sentMs: number[];
  steps: SlowStep[];
}

interface Sequence {
  index: number;
  prompt: number;
  computed: number;
  output: number;
  generated: number;
  visibleMs: number;
}

export function slowReplay(requests: RunRequests, server: RunServer, clients: number | null): SlowRun {
  const { plan, seats, maxNumBatchedTokens, hasSeparatePrefill } = server;
  const count = requests.promptTokens.length;
  const at = (list: Float64Array, i: number): number => list[i] as number;
  const sentMs: number[] = [];
  const firstMs = new Array<number>(count).fill(NaN);
  const endMs = new Array<number>(count).fill(NaN);
  const steps: SlowStep[] = [];
  const queue: Sequence[] = [];
  let seated: Sequence[] = [];
  let now = 0;
  const send = (ms: number): void => {
    const i = sentMs.length;
    if (i >= count) return;
    sentMs.push(ms);
    const prompt = at(requests.promptTokens, i);
    queue.push({
      index: i,
      prompt,
      computed: prompt - Math.max(1, prompt - at(requests.cachedTokens, i)),
      output: at(requests.outputTokens, i),
      generated: 0,
      visibleMs: ms + plan.ttftBaseMs + plan.tokenizeMsPerToken * prompt,
    });
  };
  for (let i = 0; i < count; i += 1) {
    if (clients === null) send(at(requests.arrivalMs, i));
    else if (i < clients) send(0);
  }
  const leave = (sequence: Sequence): void => {
    endMs[sequence.index] = now;
    seated = seated.filter((other) => other !== sequence);
    if (clients !== null) send(now);
  };
  while (seated.length > 0 || queue.length > 0) {
    const decoding = seated.filter(({ computed, prompt }) => computed >= prompt);
    let room = maxNumBatchedTokens - (hasSeparatePrefill ? 0 : decoding.length);
    const pieces: [Sequence, number][] = [];
    const unfinished = seated.find(({ computed, prompt }) => computed < prompt);
    const take = (sequence: Sequence): boolean => {
      const left = sequence.prompt - sequence.computed;
      if (hasSeparatePrefill && pieces.length > 0 && left > room) return false;
      const piece = hasSeparatePrefill ? left : Math.min(left, room);
      pieces.push([sequence, piece]);
      room -= piece;
      return true;
    };
    if (unfinished && room > 0) take(unfinished);
    // Nobody overtakes: whoever has not arrived holds up those behind him.
    while (room > 0 && seated.length < seats && queue[0] && queue[0].visibleMs <= now) {
      if (!take(queue[0])) break;
      seated.push(queue.shift() as Sequence);
    }
    const running = pieces.length > 0 && hasSeparatePrefill ? [] : decoding;
    if (pieces.length === 0 && running.length === 0) {
      now = (queue[0] as Sequence).visibleMs;
      continue;
    }
    const contextTokens = running.reduce((sum, { prompt, generated }) => sum + prompt + generated, 0);
    const promptTokens = pieces.reduce((sum, [, piece]) => sum + piece, 0);
    const pairs = pieces.reduce((sum, [{ computed }, piece]) => sum + piece * (computed + piece / 2), 0);
    const ending = pieces.filter(([{ computed, prompt }, piece]) => computed + piece >= prompt);
    const startMs = now;
    now += stepTimeMs(plan, running.length, contextTokens, promptTokens, pairs, ending.length);
    steps.push({ startMs, endMs: now, decodes: running.length, promptTokens, seated: seated.length });
    for (const sequence of running) sequence.generated += 1;
    for (const [sequence, piece] of pieces) sequence.computed += piece;
    for (const [sequence] of ending) {
      sequence.generated = 1;
      firstMs[sequence.index] = now;
    }
    const finished = [...running, ...ending.map(([sequence]) => sequence)].filter((s) => s.generated >= s.output);
    for (const sequence of finished) leave(sequence);
  }
  const decodingMs = endMs.reduce((sum, ms, i) => sum + ms - (firstMs[i] as number), 0);
  const laterTokens = requests.outputTokens.reduce((sum, tokens) => sum + tokens - 1, 0);
  const meanStepMs = laterTokens > 0 ? decodingMs / laterTokens : 0;
  const extraMs = clients !== null && clients <= 1 ? 0 : Math.max(0, plan.firstTokenWaitSteps - 0.5) * meanStepMs;
  return {
    ttftMs: firstMs.map((ms, i) => ms - (sentMs[i] as number) + extraMs),
    e2eMs: endMs.map((ms, i) => ms - (sentMs[i] as number) + extraMs),
    wallMs: now,
    sentMs,
    steps,
  };
}
