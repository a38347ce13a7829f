import { sizeForDemand } from '../../engine/sizing/size.ts';
import type { SizingDemand } from '../../engine/sizing/types.ts';
import { attempt, joined, type Attempts } from './attempt.ts';
import { passes } from './option.ts';
import type { Asked, Change, Probe } from './probe.ts';

/** A zone or region that sells something, and whose it is. */
interface Place {
  name: string;
  region: string;
  provider: string;
}

type PlaceKind = 'zone' | 'region';

/** Places of the instances that pass once the place no longer matters. */
function placesOf(kind: PlaceKind, anywhere: Probe): Place[] {
  const places = new Map<string, Place>();
  for (const { chosen } of anywhere.outcome.rows) {
    const { provider, offers } = chosen.instance;
    for (const { region, zones } of offers) {
      for (const name of kind === 'zone' ? zones : [region]) {
        places.set(`${provider}/${name}`, { name, region, provider });
      }
    }
  }
  return [...places.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The place that sells the cheapest answer. */
function cheapestPlace(places: readonly Place[], kind: PlaceKind, anywhere: Probe): Place | null {
  let best: { place: Place; usdPerHour: number } | null = null;
  for (const place of places) {
    const there: SizingDemand = { ...anywhere.sizing, [kind]: place.name };
    const [row] = sizeForDemand(anywhere.prepared.evaluated, there).rows;
    if (!row) continue;
    const usdPerHour = row.chosen.cost?.usdPerHour ?? Infinity;
    if (!best || usdPerHour < best.usdPerHour) best = { place, usdPerHour };
  }
  return best?.place ?? null;
}

/** The cheapest place that works among the nearest to `now`: the same region, then the same provider, then any. */
function nextPlace(now: string, kind: PlaceKind, asked: Asked, anywhere: Probe): Place | null {
  const here = asked.prepared.facts.instances.flatMap(({ provider, offers }) =>
    offers
      .filter(({ region, zones }) => zones.includes(now) || region === now)
      .map(({ region }) => ({ provider, region })),
  );
  const isSame = (key: 'provider' | 'region', place: Place): boolean => here.some((entry) => entry[key] === place[key]);
  const others = placesOf(kind, anywhere).filter(({ name }) => name !== now);
  const nearness = [
    (place: Place) => isSame('provider', place) && isSame('region', place),
    (place: Place) => isSame('provider', place),
    () => true,
  ];
  for (const isNear of nearness) {
    const found = cheapestPlace(others.filter(isNear), kind, anywhere);
    if (found) return found;
  }
  return null;
}

/** One other zone or region, the whole region of a zone, or any place at all. */
export function placeAttempts(asked: Asked): Attempts {
  const { zone, region } = asked.prepared.input;
  const now = zone ?? region;
  if (now === null) return { options: [], futile: [] };
  const whole = asked.ask({ zone: null, region: null });
  if (!passes(whole)) {
    const change = `Any place instead of ${now}`;
    return { options: [], futile: whole ? [{ family: 'search', change, probe: whole }] : [] };
  }
  const passing = new Set(whole.outcome.rows.map(({ chosen }) => chosen.instance));
  const anywhere = asked.ask({ zone: null, region: null }, passing) ?? whole;
  const kind = zone === null ? 'region' : 'zone';
  const other = nextPlace(now, kind, asked, anywhere);
  const to = (set: Change, change: string, name: string): Attempts =>
    attempt(asked, set, { family: 'search', change, from: now, to: name });
  return joined([
    ...(other
      ? [to({ [kind]: other.name }, `${kind === 'zone' ? 'Zone' : 'Region'} ${now} -> ${other.name}`, other.name)]
      : []),
    ...(zone === null ? [] : regionsOf(zone, asked)).map((name) =>
      to({ zone: null, region: name }, `All of region ${name}`, name),
    ),
    to({ zone: null, region: null }, 'Any place', 'anywhere'),
  ]);
}

const regionsOf = (zone: string, { prepared }: Asked): string[] => [
  ...new Set(
    prepared.facts.instances.flatMap(({ offers }) =>
      offers.filter(({ zones }) => zones.includes(zone)).map(({ region }) => region),
    ),
  ),
];
