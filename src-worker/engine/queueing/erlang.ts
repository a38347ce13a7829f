/**
 * Erlang's C: the probability that a request waits in an M/M/k. `utilization` = offered load / servers, in [0, 1). By the
 * stable recursion for the blocking probability B: b <- a b / (i + a b), i = 1 … k, then C = B / (1 - rho (1 - B)).
 * Example: 2 servers at 0.5 give B = 1/5 and C = 1/3.
 */
export function erlangC(servers: number, utilization: number): number {
  const offered = utilization * servers;
  let blocking = 1;
  for (let i = 1; i <= servers; i += 1) blocking = (offered * blocking) / (i + offered * blocking);
  return blocking / (1 - utilization * (1 - blocking));
}
