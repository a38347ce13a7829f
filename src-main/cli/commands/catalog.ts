import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileError } from '../../../src-worker/engine/errors.ts';
import type { Facts } from '../../../src-worker/engine/facts.ts';
import { resolveGpuId, resolveProviderId } from '../../../src-worker/engine/hardware/resolve.ts';
import type { CatalogListing } from '../../../src-worker/protocol/app-api.ts';
import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import { checkCatalogs, type CatalogCheck } from '../../catalogs/check.ts';
import type { AppService } from '../../services/app-service.ts';
import { bundledCatalogsFolder } from '../../catalogs/load.ts';
import type { CatalogIssue } from '../../catalogs/rules/types.ts';
import type { Options, Run } from '../context.ts';
import { EXIT, unwrap } from '../errors.ts';
import { snakeCaseKeys } from '../json-keys.ts';
import { ownFiles } from '../own-files.ts';
import { checkCatalogFile } from './catalog-files.ts';
import { catalogReport, zonesReport } from '../report/catalog-report.ts';
import { plural } from '../report/format.ts';
import { issuesReport } from '../report/issues-report.ts';

/** Instances with their cheapest prices. */
export const runCatalogList: Run = async (context, options) => {
  const app = await context.service(ownFiles(options));
  const listing = await listingFor(app, options);
  const gpus = resolved(app, options['gpu'], resolveGpuId);
  const isAsked = (gpu: string) => gpus.length === 0 || gpus.includes(gpu);
  const instances = listing.instances.filter(({ gpu }) => isAsked(gpu));
  const sold = new Set(instances.map(({ gpu }) => gpu));
  // A GPU that nobody sells is shown to whoever asks for it, and to whoever asks for everything.
  const isShown = (gpu: string) => sold.has(gpu) || (options['provider'] === undefined && isAsked(gpu));
  const shownGpus = listing.gpus.filter(({ id }) => isShown(id));
  context.terminal.print(
    options['json'] === true
      ? listingJson({ ...listing, instances, gpus: shownGpus })
      : catalogReport({ ...listing, instances, gpus: shownGpus }),
  );
  return EXIT.answered;
};

/** Zones with what they sell, of one provider where it is named; also `size --list-zones`. */
export const runCatalogZones: Run = async (context, options, [name]) => {
  const named = (options['provider'] as string[] | undefined) ?? [];
  const asked = name === undefined ? options : { ...options, provider: [name, ...named] };
  const { zones, providers } = await listingFor(await context.service(ownFiles(options)), asked);
  context.terminal.print(options['json'] === true ? listingJson({ zones, providers }) : zonesReport(zones, providers));
  return EXIT.answered;
};

/**
 * Every check there is over a folder of catalogs, warnings included; without a folder over the bundled one and what imports
 * and corrections make of it. Exit 4 when a file cannot be used or a rule is broken: with the first problems on stderr and
 * the rules with their entries, or with everything as JSON.
 */
export const runCatalogCheck: Run = async (context, options, [folder]) => {
  const isFile = folder !== undefined && (statSync(resolve(folder), { throwIfNoEntry: false })?.isFile() ?? false);
  if (isFile) return checkCatalogFile(context, options, [folder]);
  const { terminal, service } = context;
  const found = checkCatalogs(folder === undefined ? bundledCatalogsFolder() : resolve(folder));
  const { problems, issues: ofFiles, ...counts } = found;
  const hasLayers = folder === undefined && problems.length === 0;
  const issues = [...ofFiles, ...(hasLayers ? (await service()).checkCatalogLayers() : [])];
  const errors = issues.filter(({ severity }) => severity === 'error');
  const isHealthy = problems.length === 0 && errors.length === 0;
  if (options['json'] === true) {
    const document = { schema_version: SCHEMA_VERSION, healthy: isHealthy, ...snakeCaseKeys(counts), problems, issues };
    terminal.print(documentText(document));
    return isHealthy ? EXIT.answered : EXIT.file;
  }
  if (isHealthy) terminal.print(countText(counts));
  if (issues.length > 0) terminal.print(issuesReport(issues));
  if (problems.length > 0) throw fileError('catalog_invalid', problemText(problems), { problems: [...problems] });
  if (errors.length > 0) throw fileError('catalog_invalid', brokenText(errors), { rules: rulesOf(errors) });
  return EXIT.answered;
};

const rulesOf = (issues: readonly CatalogIssue[]): string[] => [...new Set(issues.map(({ rule }) => rule))];

const brokenText = (errors: readonly CatalogIssue[]): string =>
  `The catalogs have ${plural(errors.length, 'error')} (${rulesOf(errors).join(', ')}): mend the entries above, then check again.`;

/** As many lines as a message may have. */
const PROBLEMS_SHOWN = 3;

function problemText(problems: readonly string[]): string {
  if (problems.length <= PROBLEMS_SHOWN) return problems.join('\n');
  const shown = problems.slice(0, PROBLEMS_SHOWN - 1);
  return [...shown, `and ${problems.length - shown.length} more problems (--json lists all)`].join('\n');
}

function countText({
  gpus,
  instances,
  models,
  unsupportedModels,
  workloads,
}: Omit<CatalogCheck, 'problems' | 'issues'>): string {
  const unsupported = unsupportedModels > 0 ? ` (${unsupportedModels} not supported yet)` : '';
  return `In order: ${plural(gpus, 'GPU')}, ${plural(instances, 'instance')}, ${plural(models, 'model')}${unsupported}, ${plural(workloads, 'workload')}.\n`;
}

/** The catalog within `--provider`. */
async function listingFor(app: AppService, options: Options): Promise<CatalogListing> {
  const listing = unwrap(await app.api.listCatalog());
  const asked = resolved(app, options['provider'], resolveProviderId);
  if (asked.length === 0) return listing;
  return {
    gpus: listing.gpus,
    instances: listing.instances.filter(({ provider }) => asked.includes(provider)),
    zones: listing.zones.filter(({ provider }) => asked.includes(provider)),
    providers: listing.providers.filter(({ id }) => asked.includes(id)),
    regions: listing.regions.filter(({ provider }) => asked.includes(provider)),
  };
}

type Resolver = (facts: Facts, name: string) => string;

/** The ids that a list option names, told apart as `size` tells them; absent = none. */
function resolved(app: AppService, option: unknown, resolve: Resolver): string[] {
  return Array.isArray(option) ? option.map((name) => resolve(app.facts(), String(name))) : [];
}

const listingJson = (listing: Partial<CatalogListing>): string =>
  documentText({ schema_version: SCHEMA_VERSION, ...snakeCaseKeys(listing) });
