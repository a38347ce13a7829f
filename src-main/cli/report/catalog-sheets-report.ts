import type {
  CatalogBook,
  CatalogFact,
  FactCorrection,
  FactValue,
  PriceSheet,
} from '../../../src-worker/protocol/catalog-api.ts';
import { decimal, NONE, plural, usd } from './format.ts';
import { table, textOf, wrap } from './layout.ts';

type Sheets = Pick<CatalogBook, 'gpus' | 'instances' | 'prices' | 'workloads'>;

/** What is known of the entries asked for, each fact with where it comes from. */
export function sheetsReport({ gpus, instances, prices, workloads }: Sheets): string {
  const lines: string[] = [];
  for (const gpu of gpus) {
    lines.push(`${gpu.name} (${gpu.id})`, '', ...factLines(gpu.facts), '');
    const cheapest = gpu.cheapestUsdPerHour === null ? '' : `, from ${usd(gpu.cheapestUsdPerHour)}/h`;
    lines.push(
      ...wrap(
        gpu.instances === 0
          ? 'No instance of the catalogs has it.'
          : `In ${plural(gpu.instances, 'instance')} of ${gpu.providers.join(', ')}${cheapest}.`,
      ),
    );
    lines.push(...noteLines(gpu.notes), '');
  }
  for (const instance of instances) {
    lines.push(instance.id, '', ...factLines(instance.facts), ...noteLines(instance.notes), '');
    const own = prices.filter((price) => price.provider === instance.provider && price.instance === instance.instance);
    lines.push(...priceLines(own), '');
  }
  if (instances.length === 0 && prices.length > 0) lines.push(...priceLines(prices), '');
  for (const { name, description, facts } of workloads)
    lines.push(`${name}: ${description}`, '', ...factLines(facts), '');
  return textOf(lines.slice(0, -1));
}

const noteLines = (notes: string | null): string[] => (notes === null ? [] : wrap(`Note: ${notes}`));

function factLines(facts: readonly CatalogFact[]): string[] {
  const sources = [...new Set(facts.map(({ source }) => source))];
  return [
    ...table(
      [{ title: 'Fact' }, { title: 'Value', align: 'right' }, { title: 'Unit' }, { title: 'Key' }],
      facts.map(({ label, value, unit, key, correction }) => [
        label,
        `${valueText(value)}${correction ? ' *' : ''}`,
        unit,
        key,
      ]),
    ),
    ...facts.flatMap(({ key, correction }) => (correction ? correctionLines(key, correction) : [])),
    ...sources.flatMap((source) => {
      const fact = facts.find((one) => one.source === source);
      const date = fact?.asOf == null ? '' : `, ${fact.asOf}`;
      return wrap(`Source: ${source}${date} (${layerWords(fact?.layer)})`, { hanging: '  ' });
    }),
  ];
}

const LAYER_WORDS: Record<string, string> = {
  bundled: 'bundled',
  imported: 'yours, imported',
  file: 'yours, of this command',
};
const layerWords = (layer: string | undefined): string => LAYER_WORDS[layer ?? 'bundled'] ?? String(layer);

function correctionLines(key: string, { before, correctedAt, note }: FactCorrection): string[] {
  const why = note === '' ? '' : `: ${note}`;
  return wrap(`* ${key}: your correction of ${correctedAt.slice(0, 10)}, before ${valueText(before)}${why}`, {
    hanging: '  ',
  });
}

function valueText(value: FactValue): string {
  if (value === null) return NONE;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

function priceLines(prices: readonly PriceSheet[]): string[] {
  if (prices.length === 0) return ['No region sells it, as far as the catalogs know.'];
  const isOwn = prices.some(({ layer }) => layer !== 'bundled');
  const perHour = (value: number | null, isCorrected: boolean): string =>
    value === null ? NONE : `${usd(value, 4)}${isCorrected ? ' *' : ''}`;
  return [
    ...table(
      [
        { title: 'Region' },
        { title: 'On demand/h', align: 'right' },
        { title: 'Spot/h', align: 'right' },
        { title: 'Date' },
        { title: 'Zones', align: 'right' },
        ...(isOwn ? [{ title: 'From' }] : []),
      ],
      prices.flatMap((price) => [
        [
          price.region,
          perHour(price.onDemandUsdPerHour, 'on_demand_usd_per_hour' in price.corrections),
          perHour(price.spotUsdPerHour, 'spot_usd_per_hour' in price.corrections),
          price.asOf ?? NONE,
          decimal(price.zones.length).replace(/\.00$/, ''),
          ...(isOwn ? [layerWords(price.layer)] : []),
        ],
        ...price.zonePrices.map((own) => [
          `  only ${own.zone}`,
          perHour(own.onDemandUsdPerHour, false),
          perHour(own.spotUsdPerHour, false),
          '',
          '',
          ...(isOwn ? [''] : []),
        ]),
      ]),
    ),
    ...prices.flatMap(({ region, corrections }) =>
      Object.entries(corrections).flatMap(([key, correction]) => correctionLines(`${region} ${key}`, correction)),
    ),
    ...[...new Set(prices.flatMap(({ source }) => source ?? []))].flatMap((source) =>
      wrap(`Source: ${source}`, { hanging: '  ' }),
    ),
  ];
}
