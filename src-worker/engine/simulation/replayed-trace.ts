import type { PrefixBlocks, RequestTrace } from '../workload/trace.ts';
import { cutLengths } from './cut-lengths.ts';
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

const contentOf = ({ blockTokens, offsets, ids }: PrefixBlocks, count: number): ContentBlocks => ({
  blockTokens,
  offsets: offsets.subarray(0, count + 1),
  ids: ids.subarray(0, offsets[count]),
});

/**
 * The first `count` requests of a trace, with times divided by `speed`. What is longer than the context is cut: the answer first,
 * then the prompt.
 */
export function replayedTrace(
  trace: RequestTrace,
  { count, speed, maxContextTokens }: { count: number; speed: number; maxContextTokens: number | null },
): ReplayedTrace {
  const requests: SimulatedRequests = {
    arrivalMs: new Float64Array(count),
    promptTokens: new Int32Array(count),
    cachedTokens: new Int32Array(count),
    outputTokens: new Int32Array(count),
    priorities: null,
    contentBlocks:
      trace.prefixBlocks && canFindBlocks(trace.prefixBlocks) ? contentOf(trace.prefixBlocks, count) : null,
  };
  const cut: TraceCut = { requests: 0, tokens: 0 };
  for (let i = 0; i < count; i += 1) {
    const [prompt, output] = [trace.promptTokens[i] as number, trace.outputTokens[i] as number];
    const kept = cutLengths(prompt, output, maxContextTokens);
    const lost = prompt - kept.prompt + output - kept.output;
    if (lost > 0) {
      cut.requests += 1;
      cut.tokens += lost;
    }
    requests.arrivalMs[i] = (trace.arrivalMs[i] as number) / speed;
    requests.promptTokens[i] = kept.prompt;
    requests.outputTokens[i] = kept.output;
    requests.cachedTokens[i] = Math.min(kept.prompt - 1, trace.cachedTokens?.[i] ?? 0);
  }
  return { requests, cut };
}
