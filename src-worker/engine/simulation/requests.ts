/** Prompts cut into blocks of content: equal ids at the start of two prompts are equal text, so one finds what the other left. */
export interface ContentBlocks {
  blockTokens: number;
  /** [requests + 1] request i has ids[offsets[i]] to ids[offsets[i + 1] - 1], in order from its first token on. */
  offsets: Uint32Array;
  /** Dense from 0. */
  ids: Uint32Array;
}

/** The requests of a run in the order they are sent; lengths in whole tokens. */
export interface SimulatedRequests {
  /** [request] ms at which an open run sends it, rising; clients of a closed run send their next when the one before has ended. */
  arrivalMs: Float64Array;
  promptTokens: Int32Array;
  /** [request] tokens found in the prefix cache, fewer than the prompt; left alone where `contentBlocks` say what is found. */
  cachedTokens: Int32Array;
  /** [request] at least 1. */
  outputTokens: Int32Array;
  /** [request] the smaller, the sooner; null = all alike. */
  priorities: Int32Array | null;
  contentBlocks: ContentBlocks | null;
}

/** Who sends: an open run at the requests' arrivals, or so many clients of whom each waits for its answer. */
export interface Clients {
  count: number;
  /** [request] ms its client pauses before it is sent; null = nobody pauses. */
  pauseMs: Float64Array | null;
}

/** Which request is served first, and who gives way when the KV cache is full. */
export type SchedulingPolicy = 'fcfs' | 'priority';
