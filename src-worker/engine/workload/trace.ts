/** A trace of requests to be replayed: plain columns, however the file was written that they come from. */

/** A prompt of more tokens is none: a hundred times the longest context of today's models. */
export const MOST_TRACE_TOKENS = 10_000_000;

/** What prompts have in common, block by block. */
export interface PrefixBlocks {
  /** Tokens of a block. */
  blockTokens: number;
  /** [requests + 1] request i has `ids[offsets[i]]` up to, not with, `ids[offsets[i + 1]]`. */
  offsets: Uint32Array;
  /**
   * The k-th id of a request stands for its tokens from k * blockTokens on; prompts that have the same ids up to some place
   * are the same up to there. Dense: from 0, in order of first appearance. A last block that the prompt fills only partly has
   * an id where the file gives one; a prompt with fewer ids than blocks shares nothing of what lies behind them.
   */
  ids: Uint32Array;
}

/** Requests in order of arrival; those of one moment in the order of the file. */
export interface RequestTrace {
  /** [request] from the first request, which arrives at 0. */
  arrivalMs: Float64Array;
  /** [request] whole, 1 to MOST_TRACE_TOKENS. */
  promptTokens: Float64Array;
  /** [request] whole, 1 to MOST_TRACE_TOKENS. */
  outputTokens: Float64Array;
  /** [request] found in the prefix cache, fewer than the prompt; null = the file does not say how many. */
  cachedTokens: Float64Array | null;
  /** null = the file says nothing of what prompts have in common, and no hits of a prefix cache can be replayed. */
  prefixBlocks: PrefixBlocks | null;
}
