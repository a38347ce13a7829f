import { existsSync } from 'node:fs';
import { errorInfo, fileError } from '../../../src-worker/engine/errors.ts';
import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import { daysBetween, isOldPrice } from '../../../src-worker/protocol/price-age.ts';
import { rendererFolder } from '../../rpc/renderer-folder.ts';
import { checkedCatalog } from '../../catalogs/judge.ts';
import { stack } from '../../catalogs/layers.ts';
import { bundledCatalogsFolder, loadBundled, loadFacts } from '../../catalogs/load.ts';
import { checkFacts } from '../../catalogs/rules/check.ts';
import { databaseFile, dataFolder } from '../../services/data-folder.ts';
import type { CommandContext, Run } from '../context.ts';
import { EXIT, unwrap } from '../errors.ts';
import { checksReport, type Check } from '../report/checks-report.ts';
import { plural } from '../report/format.ts';

/** `configiq doctor`: every part is tried, one after the other; exit 1 when one does not work. */
export const runDoctor: Run = async (context, options) => {
  const checks: Check[] = [];
  const attempt = async (name: string, work: () => Promise<string> | string) => {
    try {
      checks.push({ name, status: 'ok', detail: await work() });
    } catch (thrown) {
      checks.push({ name, status: 'broken', detail: errorInfo(thrown).message });
    }
  };
  await attempt('Node.js', () => `${process.versions.node} on ${process.platform} ${process.arch}`);
  await attempt('Program', programText);
  await attempt('Data folder', () => dataFolder(context.environment));
  await attempt('Catalogs', catalogText);
  await attempt('In force', () => inForceText(context));
  await attempt('Database', () => databaseText(context));
  await attempt('Workers', () => workerText(context));
  checks.push(pageCheck(), ...(await priceCheck(context)));
  const isHealthy = checks.every(({ status }) => status !== 'broken');
  context.terminal.print(
    options['json'] === true
      ? documentText({ schema_version: SCHEMA_VERSION, healthy: isHealthy, checks })
      : checksReport(checks),
  );
  return isHealthy ? EXIT.answered : EXIT.bug;
};

function programText(): string {
  const { configiq, engine, catalog } = loadFacts(bundledCatalogsFolder()).versions;
  return `configiq ${configiq}, engine ${engine}, bundled catalog ${catalog}`;
}

function catalogText(): string {
  const folder = bundledCatalogsFolder();
  const bundled = loadBundled(folder);
  const checked = checkedCatalog(bundled, stack(bundled.layers));
  const [error] = checkFacts(checked).filter(({ severity }) => severity === 'error');
  if (error) throw fileError('catalog_invalid', `${error.sentence} "configiq catalog check" lists everything.`);
  const { gpus, instances, workloads } = checked.facts;
  return `bundled: ${gpus.length} GPUs, ${instances.length} instances, ${workloads.length} workloads in ${folder}`;
}

/** What answers rest on: bundled files with the person's imports and corrections over them. */
async function inForceText({ service }: CommandContext): Promise<string> {
  const { api } = await service();
  const { versions } = unwrap(await api.info());
  const { gpus, instances, prices, imports } = unwrap(await api.browseCatalog());
  const ownFacts = [...gpus, ...instances].flatMap(({ facts }) =>
    facts.filter(({ correction }) => correction !== null),
  );
  const ownPrices = prices.flatMap(({ corrections }) => Object.keys(corrections));
  const counts = [`${gpus.length} GPUs, ${instances.length} instances`, plural(imports.length, 'import')];
  return `catalog ${versions.catalog}: ${counts.join(', ')}, ${plural(ownFacts.length + ownPrices.length, 'correction')}`;
}

async function databaseText({ service, environment }: CommandContext): Promise<string> {
  const { api } = await service();
  const { versions } = unwrap(await api.info());
  const runs = unwrap(await api.listRuns());
  const models = unwrap(await api.listModels());
  const imported = models.filter(({ origin, alias_of: alias }) => origin === 'imported' && alias === null).length;
  return `${databaseFile(dataFolder(environment))}, SQLite ${versions.sqlite}, ${plural(runs.length, 'run')}, ${plural(imported, 'imported model')}`;
}

/** A queue whose answer is known by hand: M/M/1 at half load waits as long as it serves. */
const SELF_TEST = { rate: 1, service_ms: 500, service_cv: 1, distribution: 'exponential' } as const;
const SELF_TEST_WAIT_MS = 500;
const TOLERANCE = 0.01;

async function workerText({ service }: CommandContext): Promise<string> {
  const { api } = await service();
  const { workers } = unwrap(await api.info());
  const { wait_ms: wait } = unwrap(await api.queue(SELF_TEST));
  const { mean } = wait;
  if (mean === null || Math.abs(mean - SELF_TEST_WAIT_MS) > TOLERANCE * SELF_TEST_WAIT_MS) {
    throw new Error(`the self-test answered a wait of ${mean} ms in place of ${SELF_TEST_WAIT_MS} ms`);
  }
  return `up to ${workers}; the self-test is right`;
}

function pageCheck(): Check {
  try {
    const folder = rendererFolder();
    return { name: 'Page', status: existsSync(folder) ? 'ok' : 'note', detail: folder };
  } catch (thrown) {
    // The command line works without it.
    return { name: 'Page', status: 'note', detail: errorInfo(thrown).message };
  }
}

async function priceCheck({ service }: CommandContext): Promise<Check[]> {
  try {
    const { priceDates } = unwrap(await (await service()).api.info());
    // The rule of the window's Start: it is the oldest prices that are to be checked.
    const now = new Date();
    // Some price lists only say their year.
    const isDay = /^\d{4}-\d{2}-\d{2}/.test(priceDates.oldest);
    const age = isDay ? `, the oldest ${daysBetween(priceDates.oldest, now)} days old` : '';
    const detail = `from ${priceDates.oldest} to ${priceDates.newest}${age}`;
    return [{ name: 'Prices', status: isOldPrice(priceDates.oldest, now) ? 'note' : 'ok', detail }];
  } catch {
    // The catalogs' own check has said why by now.
    return [];
  }
}
