/** What is told of every stretch of time in which the numbers that run and wait do not change. */
export interface Observer {
  /** ms, sequences decoding and prefilling, requests waiting, KV blocks used at the end of the steps, preemptions so far. */
  during(fromMs: number, toMs: number, running: number, waiting: number, usedBlocks: number, preemptions: number): void;
}
