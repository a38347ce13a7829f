/** What a headroom asks for: the share of the SLA capacity to plan with, and the burst it must name. */
export interface HeadroomRule {
  utilizationTarget: number;
  burstFactor: number;
}

/** NUMBERS.md, Headroom: points of the seed's table; linear between them. That 50 and 100 % agree is the seed's. */
const POINTS: readonly (readonly [percent: number, utilizationTarget: number, burstFactor: number])[] = [
  [0, 0.95, 1],
  [25, 0.75, 1.33],
  [50, 0.5, 2],
  [100, 0.5, 2],
];

/** `percent` in 0..100 (checked by the request's schema). */
export function headroomRule(percent: number): HeadroomRule {
  for (let i = 1; i < POINTS.length; i += 1) {
    const [high, utilizationHigh, burstHigh] = POINTS[i] as (typeof POINTS)[number];
    const [low, utilizationLow, burstLow] = POINTS[i - 1] as (typeof POINTS)[number];
    if (percent <= high) {
      const share = (percent - low) / (high - low);
      return {
        utilizationTarget: utilizationLow + share * (utilizationHigh - utilizationLow),
        burstFactor: burstLow + share * (burstHigh - burstLow),
      };
    }
  }
  return { utilizationTarget: 0.5, burstFactor: 2 };
}
