import type { z } from 'zod';
import { gpuEntrySchema, instanceEntrySchema, offerSchema } from '../../src-worker/protocol/catalog-files.ts';
import type { FactCorrection, FactSubject, FactValue } from '../../src-worker/protocol/catalog-api.ts';
import { issueWords } from '../../src-worker/protocol/issues.ts';
import { GPU_FIELDS, INSTANCE_FIELDS, PRICE_FIELDS, type FieldSpec } from './fields.ts';
import { instanceId, offerId } from './entry-ids.ts';
import type { Corrections, LayeredCatalog, LayeredGpu, LayeredInstance, LayeredOffer } from './layers.ts';

/** A person's own value of one fact. */
export interface Correction {
  subject: FactSubject;
  id: string;
  key: string;
  value: FactValue;
  note: string;
  correctedAt: string;
}

export const FIELDS_OF: Record<FactSubject, readonly FieldSpec[]> = {
  gpu: GPU_FIELDS,
  instance: INSTANCE_FIELDS,
  price: PRICE_FIELDS,
};

const SCHEMA_OF = {
  gpu: gpuEntrySchema,
  instance: instanceEntrySchema.omit({ offers: true }),
  price: offerSchema,
} satisfies Record<FactSubject, z.ZodType>;

type Facts = Record<string, unknown>;

/** `null` in the place of an absent key means absent. */
export function withFact(subject: FactSubject, facts: object, key: string, value: FactValue): Facts {
  const spec = FIELDS_OF[subject].find((field) => field.key === key);
  if (value !== null || !spec?.isAbsentWhenNull) return { ...facts, [key]: value };
  return Object.fromEntries(Object.entries(facts).filter(([name]) => name !== key));
}

/** Why an entry cannot have this value; null when it can. */
export function correctionProblem(
  subject: FactSubject,
  facts: object,
  { key, value }: Pick<Correction, 'key' | 'value'>,
): string | null {
  const checked = SCHEMA_OF[subject].safeParse(withFact(subject, facts, key, value), { reportInput: true });
  const [issue] = checked.error?.issues ?? [];
  return issue ? `${key}: ${issueWords(issue, { value })}` : null;
}

const PRICE_KEYS = ['on_demand_usd_per_hour', 'spot_usd_per_hour'];

/**
 * An offer with prices of the person's: of the day they said so. Where its other price is the catalog's, date and source
 * stay those of that one, and the source says which is whose.
 */
function withOwnPrices(facts: Facts, own: Corrections, { key, correctedAt }: Correction): Facts {
  const day = correctedAt.slice(0, 'YYYY-MM-DD'.length);
  const isMixed = PRICE_KEYS.some((other) => !(other in own) && typeof facts[other] === 'number');
  if (!isMixed) return { ...facts, as_of: day, source: 'your correction' };
  return { ...facts, source: `${String(facts['source'])}; ${key} is your correction of ${day}` };
}

/** A person's price of a region is that of all its zones. */
function inEveryZone(facts: Facts, { key, value }: Correction): Facts {
  const { zone_prices: zones, ...others } = facts as Facts & Pick<LayeredOffer['facts'], 'zone_prices'>;
  if (!zones) return facts;
  const prices = zones.map((price) => ({ ...price, [key]: value }));
  const isSame = prices.every((price) => PRICE_KEYS.every((name) => (price as Facts)[name] === facts[name]));
  return isSame ? others : { ...others, zone_prices: prices };
}

/** The catalog with the corrections over it; those that fit no entry any more are kept, do nothing and are told. */
export function corrected(catalog: LayeredCatalog, corrections: readonly Correction[]): LayeredCatalog {
  if (corrections.length === 0) return catalog;
  const byEntry = Map.groupBy(corrections, ({ subject, id }) => `${subject} ${id}`);
  const problems = [...catalog.problems];
  const met = new Set<string>();
  const laid = <Entry extends { facts: object; corrections: Corrections }>(
    subject: FactSubject,
    id: string,
    entry: Entry,
  ): Entry => {
    let { facts } = entry as { facts: Facts };
    const own: Corrections = {};
    met.add(`${subject} ${id}`);
    for (const correction of byEntry.get(`${subject} ${id}`) ?? []) {
      const { key, value, note, correctedAt } = correction;
      const problem = correctionProblem(subject, facts, correction);
      if (problem !== null) {
        problems.push(`Your correction of ${id} is not in force: ${problem}.`);
        continue;
      }
      const before = ((entry.facts as Facts)[key] ?? null) as FactValue;
      own[key] = { before, correctedAt, note } satisfies FactCorrection;
      facts = withFact(subject, facts, key, value);
      if (subject === 'price') facts = withOwnPrices(inEveryZone(facts, correction), own, correction);
    }
    return Object.keys(own).length === 0 ? entry : { ...entry, facts, corrections: own };
  };
  const gpus = catalog.gpus.map((gpu): LayeredGpu => laid('gpu', gpu.facts.id, gpu));
  const instances = catalog.instances.map((instance): LayeredInstance => {
    const { provider, facts } = instance;
    const offers = instance.offers.map((offer): LayeredOffer =>
      laid('price', offerId(provider, facts.name, offer.facts.region), offer),
    );
    return laid('instance', instanceId(provider, facts.name), { ...instance, offers });
  });
  const unmet = corrections.filter(({ subject, id }) => !met.has(`${subject} ${id}`));
  problems.push(
    ...unmet.map(
      ({ id, key }) =>
        `Your correction of ${id} is not in force: no catalog has that entry now. Import its file again, or take it back: configiq catalog restore ${id} ${key}`,
    ),
  );
  return { ...catalog, gpus, instances, problems };
}

/** Those of the corrections that hold in a catalog which was laid with them. */
export function correctionsInForce(catalog: LayeredCatalog, corrections: readonly Correction[]): Correction[] {
  const facts = new Set<string>();
  const note = (subject: FactSubject, id: string, own: Corrections): void => {
    for (const key of Object.keys(own)) facts.add(`${subject} ${id} ${key}`);
  };
  for (const gpu of catalog.gpus) note('gpu', gpu.facts.id, gpu.corrections);
  for (const instance of catalog.instances) {
    const { provider, facts: own, offers } = instance;
    note('instance', instanceId(provider, own.name), instance.corrections);
    for (const offer of offers) note('price', offerId(provider, own.name, offer.facts.region), offer.corrections);
  }
  return corrections.filter(({ subject, id, key }) => facts.has(`${subject} ${id} ${key}`));
}
