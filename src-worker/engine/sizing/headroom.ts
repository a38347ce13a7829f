/** What a headroom asks for: the share of the SLA capacity to plan with, and the burst it must name. */
export interface HeadroomRule {
  utilizationTarget: number;
  burstFactor: number;
}

export interface HeadroomPoint extends HeadroomRule {
  percent: number;
}

/** Points by rising percent, and whose they are. */
export interface HeadroomTable {
  points: HeadroomPoint[];
  /** The file they come from, in words. */
  origin: string;
}

/** NUMBERS.md, Headroom: points of the seed's table; linear between them. That 50 and 100 % agree is the seed's. */
const POINTS: readonly HeadroomPoint[] = [
  { percent: 0, utilizationTarget: 0.95, burstFactor: 1 },
  { percent: 25, utilizationTarget: 0.75, burstFactor: 1.33 },
  { percent: 50, utilizationTarget: 0.5, burstFactor: 2 },
  { percent: 100, utilizationTarget: 0.5, burstFactor: 2 },
];

/**
 * `percent` in 0..100 (checked by the request's schema). Linear between the points of the table; beyond its ends the
 * nearest point holds. `table` undefined = that of NUMBERS.md.
 */
export function headroomRule(percent: number, table: Pick<HeadroomTable, 'points'> | undefined): HeadroomRule {
  const points = table && table.points.length > 0 ? table.points : POINTS;
  const high = points.find((point) => percent <= point.percent) ?? points.at(-1);
  const low = points.findLast((point) => point.percent <= percent) ?? points[0];
  if (!high || !low) throw new Error('a headroom table without points');
  if (high.percent <= low.percent) return { utilizationTarget: high.utilizationTarget, burstFactor: high.burstFactor };
  const share = (percent - low.percent) / (high.percent - low.percent);
  return {
    utilizationTarget: low.utilizationTarget + share * (high.utilizationTarget - low.utilizationTarget),
    burstFactor: low.burstFactor + share * (high.burstFactor - low.burstFactor),
  };
}
