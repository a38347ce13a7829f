import type { TrustKind } from '../batching/trust.ts';
import type { LatencyMetric } from '../calibration/types.ts';

/** Factors within which four in five figures of the closed form lie of the simulated ones. */
interface Statistics {
  /** Of the mean and P50, of P90 and P95, and of P99. */
  p50: number;
  p95: number;
  p99: number;
}
export type ClosedFormErrors = Readonly<Record<LatencyMetric, Statistics>>;

const of = (p50: number, p95: number, p99: number): Statistics => ({ p50, p95, p99 });

/**
 * By trust, where it is not `ok`: what was measured of the closed form holds its errors there (2 to 8 %) already. Of 1,500 fresh draws:
 * `node scripts/closed-form/draw-scenarios.ts 71 1500 --wide > FILE; npm run report:closed-form -- FILE --requests 25000 --by-trust`.
 */
const ERRORS: Readonly<Partial<Record<TrustKind, ClosedFormErrors>>> = {
  critical: { ttft: of(1.06, 1.14, 1.2), tpot: of(1.26, 1.31, 1.49), e2e: of(1.21, 1.16, 1.24) },
  kv_pressure: { ttft: of(1.4, 3.49, 3.67), tpot: of(1.38, 1.31, 1.5), e2e: of(1.34, 1.31, 1.31) },
  slot_pressure: { ttft: of(1.34, 1.83, 2.13), tpot: of(1.16, 1.27, 1.45), e2e: of(1.26, 1.25, 1.25) },
  bursty: { ttft: of(1.25, 1.26, 1.33), tpot: of(1.37, 1.47, 1.49), e2e: of(1.2, 1.34, 1.35) },
};

/** null where the closed form is trusted, or did not make the figures. */
export const closedFormErrors = (trust: TrustKind | null): ClosedFormErrors | null => (trust && ERRORS[trust]) ?? null;

/** A factor of two causes that have nothing to do with each other, errors taken as lognormal. */
export const bothFactors = (one: number, other: number): number => Math.exp(Math.hypot(Math.log(one), Math.log(other)));
