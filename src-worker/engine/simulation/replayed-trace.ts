import type { PrefixBlocks, RequestTrace } from '../workload/trace.ts';
import { BLOCK_TOKENS } from './request-states.ts';
import type { ContentBlocks, SimulatedRequests } from './requests.ts';

/** What of a trace had to be cut to the context of a model. */
export interface TraceCut {
  requests: number;
  /** Prompt and output tokens. */
  tokens: number;
}

export interface ReplayedTrace {
  requests: SimulatedRequests;
  cut: TraceCut;
}

/** Blocks of prompts can be found again where KV blocks fill them without a rest. */
export const canFindBlocks = ({ blockTokens }: PrefixBlocks): boolean => blockTokens % BLOCK_TOKENS === 0;

/** Requests `first`, `first` + `step`, … below `end`, as many as there are. */
const numberOfEvery = (first: number, step: number, end: number): number =>
  Math.max(0, Math.ceil((end - first) / step));

function contentOf(
  { blockTokens, offsets, ids }: PrefixBlocks,
  first: number,
  step: number,
  end: number,
): ContentBlocks {
  const count = numberOfEvery(first, step, end);
  const starts = new Uint32Array(count + 1);
  for (let i = 0; i < count; i += 1) {
    const from = first + i * step;
    starts[i + 1] = (starts[i] as number) + (offsets[from + 1] as number) - (offsets[from] as number);
  }
  const kept = new Uint32Array(starts[count] as number);
  for (let i = 0; i < count; i += 1) {
    const from = first + i * step;
    kept.set(ids.subarray(offsets[from], offsets[from + 1]), starts[i]);
  }
  return { blockTokens, offsets: starts, ids: kept };
}

/**
 * The requests of a trace that one of `streams` schedulers gets when they are dealt out round robin, of the first `count`, with
 * times divided by `speed`. What is longer than the context is cut: the answer first, then the prompt.
 */
export function replayedTrace(
  trace: RequestTrace,
  {
    stream,
    streams,
    count,
    speed,
    maxContextTokens,
  }: { stream: number; streams: number; count: number; speed: number; maxContextTokens: number | null },
): ReplayedTrace {
  const limit = maxContextTokens ?? Infinity;
  const kept = numberOfEvery(stream, streams, count);
  const requests: SimulatedRequests = {
    arrivalMs: new Float64Array(kept),
    promptTokens: new Int32Array(kept),
    cachedTokens: new Int32Array(kept),
    outputTokens: new Int32Array(kept),
    priorities: null,
    contentBlocks:
      trace.prefixBlocks && canFindBlocks(trace.prefixBlocks)
        ? contentOf(trace.prefixBlocks, stream, streams, count)
        : null,
  };
  const cut: TraceCut = { requests: 0, tokens: 0 };
  for (let i = 0; i < kept; i += 1) {
    const from = stream + i * streams;
    const [prompt, output] = [trace.promptTokens[from] as number, trace.outputTokens[from] as number];
    const keptOutput = Math.max(1, Math.min(output, limit - 1));
    const keptPrompt = Math.max(1, Math.min(prompt, limit - keptOutput));
    const lost = prompt - keptPrompt + output - keptOutput;
    if (lost > 0) {
      cut.requests += 1;
      cut.tokens += lost;
    }
    requests.arrivalMs[i] = (trace.arrivalMs[from] as number) / speed;
    requests.promptTokens[i] = keptPrompt;
    requests.outputTokens[i] = keptOutput;
    requests.cachedTokens[i] = Math.min(keptPrompt - 1, trace.cachedTokens?.[from] ?? 0);
  }
  return { requests, cut };
}
