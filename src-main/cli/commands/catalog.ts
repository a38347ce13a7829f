import { resolve } from 'node:path';
import { invalidInput } from '../../../src-worker/engine/errors.ts';
import type { RegionOffer } from '../../../src-worker/engine/hardware/types.ts';
import type { CatalogListing } from '../../../src-worker/protocol/app-api.ts';
import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import { didYouMean } from '../../../src-worker/protocol/suggest.ts';
import { bundledCatalogsFolder, loadFacts } from '../../catalogs/load.ts';
import type { CommandContext, Options, Run } from '../context.ts';
import { EXIT, unwrap } from '../errors.ts';
import { catalogReport, zonesReport } from '../report/catalog-report.ts';

/** Instances with their cheapest prices. */
export const runCatalogList: Run = async (context, options) => {
  const listing = await listingFor(context, options);
  const gpus = namesIn(options['gpu']);
  const known = listing.gpus.map(({ id }) => id);
  for (const gpu of gpus) refuseUnknown('GPU', gpu, known);
  const isAsked = (gpu: string) => gpus.length === 0 || gpus.includes(gpu);
  const instances = listing.instances.filter(({ gpu }) => isAsked(gpu));
  const sold = new Set(instances.map(({ gpu }) => gpu));
  const shownGpus = listing.gpus.filter(({ id }) => sold.has(id));
  context.terminal.print(
    options['json'] === true
      ? documentText({ schema_version: SCHEMA_VERSION, ...listing, instances, gpus: shownGpus })
      : catalogReport({ ...listing, instances, gpus: shownGpus }),
  );
  return EXIT.answered;
};

/** Zones with what they sell; also `size --list-zones`. */
export const runCatalogZones: Run = async (context, options) => {
  const { zones, providers } = await listingFor(context, options);
  context.terminal.print(
    options['json'] === true
      ? documentText({ schema_version: SCHEMA_VERSION, zones, providers })
      : zonesReport(zones, providers),
  );
  return EXIT.answered;
};

/** Loads a folder of catalogs with every check there is; the first thing that is wrong ends it (exit 4). */
export const runCatalogCheck: Run = ({ terminal }, options, [folder]) => {
  const path = folder === undefined ? bundledCatalogsFolder() : resolve(folder);
  const { gpus, instances, workloads, engines, calibrations, versions } = loadFacts(path);
  const offers = instances.flatMap((instance) => instance.offers);
  const counts = {
    gpus: gpus.length,
    instances: instances.length,
    prices: offers.filter(hasPrice).length,
    zones: new Set(offers.flatMap(({ zones }) => zones)).size,
    workloads: workloads.length,
    engine_versions: engines.length,
    calibrations: calibrations.length,
  };
  const document = { schema_version: SCHEMA_VERSION, catalog: versions.catalog, ...counts };
  const lines = Object.entries(counts).map(
    ([name, number]) => `${String(number).padStart(7)}  ${name.replace('_', ' ')}`,
  );
  terminal.print(
    options['json'] === true
      ? documentText(document)
      : `Catalog ${versions.catalog} is in order:\n${lines.join('\n')}\n`,
  );
  return Promise.resolve(EXIT.answered);
};

const hasPrice = (offer: RegionOffer): boolean => offer.onDemandUsdPerHour !== null || offer.spotUsdPerHour !== null;

/** The catalog within `--provider`. */
async function listingFor({ service }: CommandContext, options: Options): Promise<CatalogListing> {
  const listing = unwrap(await (await service()).api.listCatalog());
  const known = listing.providers.map(({ id }) => id);
  const asked = namesIn(options['provider']).map((name) => {
    const found = known.find((id) => id.toLowerCase() === name.toLowerCase());
    return found ?? refuseUnknown('provider', name, known);
  });
  if (asked.length === 0) return listing;
  return {
    gpus: listing.gpus,
    instances: listing.instances.filter(({ provider }) => asked.includes(provider)),
    zones: listing.zones.filter(({ provider }) => asked.includes(provider)),
    providers: listing.providers.filter(({ id }) => asked.includes(id)),
    regions: listing.regions.filter(({ provider }) => asked.includes(provider)),
  };
}

/** Values of a list option, which its parser made. */
const namesIn = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

function refuseUnknown(kind: string, name: string, known: readonly string[]): string {
  if (known.includes(name)) return name;
  throw invalidInput(`unknown_${kind.toLowerCase()}`, `Unknown ${kind} "${name}": ${didYouMean(name, known)}`, {
    name,
  });
}
