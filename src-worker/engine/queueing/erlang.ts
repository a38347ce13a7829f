import { gaussLegendre } from '../numerics/gauss-legendre.ts';

const RULE = gaussLegendre(16);
/** Ends of the panels over which e^-u (1 + u / a)^x is integrated; beyond the last nothing is left. */
const PANELS = [0, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 4, 12, 40];

/** Erlang's blocking probability B of x servers, 0 <= x < 1: 1 / B is the integral of e^-u (1 + u / offered)^x. */
function blockingOfPart(x: number, offered: number): number {
  if (x === 0) return 1;
  let sum = 0;
  for (let panel = 1; panel < PANELS.length; panel += 1) {
    const low = PANELS[panel - 1] as number;
    const half = ((PANELS[panel] as number) - low) / 2;
    for (let i = 0; i < RULE.nodes.length; i += 1) {
      const u = low + half * (1 + (RULE.nodes[i] as number));
      sum += half * (RULE.weights[i] as number) * Math.exp(-u) * (1 + u / offered) ** x;
    }
  }
  return 1 / sum;
}

/**
 * Erlang's C: the probability that a request waits in an M/M/k. `utilization` = offered load / servers, in [0, 1). By the
 * stable recursion for the blocking probability B: b <- a b / (i + a b), i = 1 … k, then C = B / (1 - rho (1 - B)). A number of
 * servers that is not whole starts the recursion from its part (D. L. Jagerman, 1974).
 * Example: 2 servers at 0.5 give B = 1/5 and C = 1/3.
 */
export function erlangC(servers: number, utilization: number): number {
  const offered = utilization * servers;
  const part = servers - Math.floor(servers);
  if (!(offered > 0)) return 0;
  let blocking = blockingOfPart(part, offered);
  for (let i = part + 1; i <= servers + 0.5; i += 1) blocking = (offered * blocking) / (i + offered * blocking);
  return blocking / (1 - utilization * (1 - blocking));
}
