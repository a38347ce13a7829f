/** With the events at the start and the end of a sweep, no second sees more than ten. */
const PROGRESS_MS = 150;

export interface ProgressMeter {
  /** Says the last word and falls silent. */
  stop(): void;
}

/** Calls `tell` when `read` has grown, at most ten times a second; a retried unit does not make it go back. */
export function startProgress(
  total: number,
  read: () => number,
  tell: ((done: number, total: number) => void) | undefined,
): ProgressMeter {
  let reported = 0;
  const report = () => {
    const done = read();
    if (done <= reported) return;
    reported = done;
    tell?.(done, total);
  };
  const ticker = setInterval(report, PROGRESS_MS);
  return {
    stop() {
      clearInterval(ticker);
      report();
    },
  };
}
