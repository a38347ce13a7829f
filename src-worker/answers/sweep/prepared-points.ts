import type { Facts } from '../../engine/facts.ts';
import type { Instance } from '../../engine/hardware/types.ts';
import type { ModelSource } from '../../engine/model/types.ts';
import { headroomRule } from '../../engine/sizing/headroom.ts';
import { chooseOffer, type OfferChoice } from '../../engine/sizing/offers.ts';
import { choosePlan, retiredRefusal, type PlanChoice } from '../../engine/sizing/size.ts';
import type { Candidate } from '../../engine/sizing/evaluated-plans.ts';
import type { Refusal } from '../../engine/sizing/types.ts';
import { placeAt, sizingAt, type PlacePoint, type SizingPoint } from '../../engine/sweep/demand-axes.ts';
import type { DemandSpace } from '../../engine/sweep/types.ts';
import type { SizeInput } from '../../protocol/requests.ts';
import { demandFor } from '../demand.ts';
import { prepareSizing, type PreparedSizing } from '../prepared.ts';
import type { RowContext } from '../replica-part.ts';
import { offerTable, type PlacedInstance } from './row-tables.ts';
import { NO_ENTRY, type SharedTable } from './tables.ts';

/** What the candidates of an input run for one load, and on what the figures of it rest. */
export interface SizedCandidates {
  sizing: SizingPoint;
  context: RowContext;
  /** By candidate. */
  choices: PlanChoice[];
}

/** What the candidates of an input cost at one place and price list, before what prices are multiplied by. */
export interface PlacedCandidates {
  place: PlacePoint;
  /** By candidate: which of the input's distinct offers, or refusals by place, it has. */
  offerIds: Uint32Array;
  /** 1 = on offer. */
  isOffered: Uint8Array;
  /** NaN = no offer, or hardware of one's own without a price. */
  usdPerHour: Float64Array;
}

/** An offer of a candidate, or why it has none: the same at many points. Entries are those of the shared table of offers. */
export interface CandidateOffer {
  /** Where its candidate passes; NO_ENTRY without an offer. */
  passing: number;
  /** Where it does not. */
  failing: number;
  /** null = on offer. */
  refusal: Refusal | null;
}

/** An input whose capacities are searched, ready to answer points. */
export interface PreparedPoints {
  candidates: Candidate[];
  /** Candidates in the order in which the ids of their rows sort. */
  byId: Uint32Array;
  /** No longer sold, with their entries in the table of offers. */
  retired: { entry: number; refusal: Refusal }[];
  sized(demand: DemandSpace, index: number): SizedCandidates;
  /** Offers by the index of their place in the demand; remembered, because units ask for the same ones at every load. */
  placed(demand: DemandSpace): (index: number) => PlacedCandidates;
  /** By the ids that `placed` has given so far. */
  offers: readonly CandidateOffer[];
  table: SharedTable<PlacedInstance>;
}

/** Names resolve, and capacities are searched. Throws invalid input as a size question does. */
export function preparePoints(input: SizeInput, model: ModelSource, facts: Facts): PreparedPoints {
  const prepared = prepareSizing(input, model, facts);
  const { candidates, retired } = prepared.evaluated;
  const prefixes = candidates.map(({ instance: { provider, name } }) => `${provider}/${name}/`);
  const table = offerTable();
  const offers = distinctOffers(candidates, table);
  const known = new Map<string, PlacedCandidates[]>();
  return {
    candidates,
    byId: Uint32Array.from(prefixes.keys()).sort((a, b) => order(prefixes[a], prefixes[b])),
    retired: retired.map((instance) => ({
      entry: table.add({ instance, region: null }),
      refusal: retiredRefusal(instance),
    })),
    sized: (demand, index) => sizedCandidates(prepared, demand, sizingAt(demand, index)),
    placed(demand) {
      const { pricings, regions, zones } = demand;
      const key = JSON.stringify([pricings, regions, zones]);
      const ofPlaces = known.get(key) ?? [];
      known.set(key, ofPlaces);
      return (index) => (ofPlaces[index] ??= offers.at(placeAt(demand, index)));
    },
    offers: offers.all,
    table,
  };
}

/** Numbers the offers of candidates: zones of a region mostly share one. */
function distinctOffers(candidates: readonly Candidate[], table: SharedTable<PlacedInstance>) {
  const all: CandidateOffer[] = [];
  const ids = candidates.map(() => new Map<string, number>());
  const idOf = (index: number, instance: Instance, choice: OfferChoice, pricing: SizeInput['pricing']): number => {
    const known = ids[index];
    const key = offerKey(choice, pricing);
    const id = known?.get(key) ?? all.push(entriesOf(table, instance, choice, pricing)) - 1;
    known?.set(key, id);
    return id;
  };
  const at = (place: PlacePoint): PlacedCandidates => {
    const placed: PlacedCandidates = {
      place,
      offerIds: new Uint32Array(candidates.length),
      isOffered: new Uint8Array(candidates.length),
      usdPerHour: new Float64Array(candidates.length).fill(Number.NaN),
    };
    const pricing = place.pricing as SizeInput['pricing'];
    for (const [index, candidate] of candidates.entries()) {
      const choice = chooseOffer(candidate.instance, { ...place, pricing });
      placed.offerIds[index] = idOf(index, candidate.instance, choice, pricing);
      if (choice.kind === 'refused') continue;
      placed.isOffered[index] = 1;
      if (choice.usdPerHour !== null) placed.usdPerHour[index] = choice.usdPerHour;
    }
    return placed;
  };
  return { all, at };
}

function entriesOf(
  table: SharedTable<PlacedInstance>,
  instance: Instance,
  choice: OfferChoice,
  pricing: SizeInput['pricing'],
): CandidateOffer {
  if (choice.kind === 'refused') {
    return { passing: NO_ENTRY, failing: table.add({ instance, region: null }), refusal: choice.refusal };
  }
  const { offer, otherRegions, usdPerHour } = choice;
  return {
    passing: table.add({ instance, offer, otherRegions, usdPerHour, pricing }),
    failing: table.add({ instance, region: offer.region }),
    refusal: null,
  };
}

const offerKey = (choice: OfferChoice, pricing: SizeInput['pricing']): string =>
  choice.kind === 'refused'
    ? choice.refusal.detail
    : `${choice.offer.region} ${choice.otherRegions} ${choice.usdPerHour} ${pricing}`;

const order = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0);

function sizedCandidates(prepared: PreparedSizing, { isRate }: DemandSpace, sizing: SizingPoint): SizedCandidates {
  const { load, thinkTimeS, headroom, maxGpus } = sizing;
  // The load of the input is unset: it comes from the point.
  const asked: PreparedSizing = {
    ...prepared,
    input: {
      ...prepared.input,
      ...(isRate ? { rate: load } : { users: load }),
      think_time: thinkTimeS,
      headroom,
      max_gpus: maxGpus,
    },
  };
  const demand = demandFor(asked, null);
  const placeless = {
    rateReqPerS: demand.rateReqPerS,
    headroom: headroomRule(headroom, prepared.facts.headroom),
    maxGpus,
  };
  return {
    sizing,
    context: { prepared: asked, demand, zone: null, explainsCommands: false, ranges: 'none' },
    choices: prepared.evaluated.candidates.map((candidate) => choosePlan(prepared.subject, candidate, placeless)),
  };
}
