import { ConfigIqError } from '../../../src-worker/engine/errors.ts';
import type { Facts } from '../../../src-worker/engine/facts.ts';
import { resolveGpuId, resolveProviderId } from '../../../src-worker/engine/hardware/resolve.ts';
import type { CatalogBook, FactSubject, FactValue } from '../../../src-worker/protocol/catalog-api.ts';
import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import { suggestNames } from '../../../src-worker/protocol/suggest.ts';
import { instanceId, offerId } from '../../catalogs/entry-ids.ts';
import { FIELDS_OF } from '../../catalogs/corrections.ts';
import type { Run } from '../context.ts';
import { EXIT, unwrap, usageError } from '../errors.ts';
import { snakeCaseKeys } from '../json-keys.ts';
import { ownFiles } from '../own-files.ts';
import { sheetsReport } from '../report/catalog-sheets-report.ts';

/** Everything known of a GPU, an instance (`provider/instance` or its name), a price or a workload. */
export const runCatalogShow: Run = async ({ service, terminal }, options, [name = '']) => {
  const app = await service(ownFiles(options));
  const sheets = sheetsOf(unwrap(await app.api.browseCatalog()), app.facts(), name);
  terminal.print(
    options['json'] === true
      ? documentText({ schema_version: SCHEMA_VERSION, ...snakeCaseKeys(sheets) })
      : sheetsReport(sheets),
  );
  return EXIT.answered;
};

export const runCatalogCorrect: Run = async ({ service, terminal }, options, [name = '', field = '', value = '']) => {
  const app = await service();
  const { subject, id } = entryNamed(app.facts(), name);
  const key = field.replaceAll('-', '_');
  const note = typeof options['note'] === 'string' ? options['note'] : '';
  unwrap(await app.api.correctFact({ subject, id, key, value: valueOf(subject, key, value), note }));
  const [sheet] = Object.values(sheetsOf(unwrap(await app.api.browseCatalog()), app.facts(), id)).flat();
  if (options['json'] === true && sheet) {
    terminal.print(documentText({ schema_version: SCHEMA_VERSION, ...snakeCaseKeys(sheet) }));
  }
  terminal.note(
    `Corrected: ${key} of ${id} is ${value} for every question from now on (catalog restore ${id} ${key} undoes it).`,
  );
  return EXIT.answered;
};

export const runCatalogRestore: Run = async ({ service, terminal }, options, [name = '', field]) => {
  const app = await service();
  const key = field === undefined ? null : field.replaceAll('-', '_');
  // The entry of a correction may be gone with its import: then only its very id finds it.
  const typed = name.trim();
  const isTyped = !typed.includes('/') && (await app.api.restoreFact('gpu', typed, key)).ok;
  const { subject, id } = isTyped ? { subject: 'gpu' as const, id: typed } : entryNamed(app.facts(), name);
  if (!isTyped) unwrap(await app.api.restoreFact(subject, id, key));
  if (options['json'] === true) terminal.print(documentText({ schema_version: SCHEMA_VERSION, restored: id, key }));
  terminal.note(`Restored: ${key ?? 'every fact'} of ${id} is the catalog's again.`);
  return EXIT.answered;
};

type Sheets = Pick<CatalogBook, 'gpus' | 'instances' | 'prices' | 'workloads'>;

function sheetsOf(book: CatalogBook, facts: Facts, name: string): Sheets {
  const none: Sheets = { gpus: [], instances: [], prices: [], workloads: [] };
  const wanted = name.trim().toLowerCase();
  const workloads = book.workloads.filter((sheet) => sheet.name.toLowerCase() === wanted);
  if (workloads.length > 0) return { ...none, workloads };
  const price = book.prices.filter(({ id }) => id.toLowerCase() === wanted);
  if (price.length > 0) return { ...none, prices: price };
  const instances = book.instances.filter((sheet) => isInstance(sheet, wanted, facts));
  if (instances.length > 0) {
    const prices = book.prices.filter((sheet) =>
      instances.some(({ provider, instance }) => sheet.provider === provider && sheet.instance === instance),
    );
    return { ...none, instances, prices };
  }
  try {
    const id = resolveGpuId(facts, name);
    return { ...none, gpus: book.gpus.filter((sheet) => sheet.id === id) };
  } catch (thrown) {
    if (!(thrown instanceof ConfigIqError) || thrown.code !== 'unknown_gpu') throw thrown;
  }
  const known = [
    ...book.gpus.map(({ id }) => id),
    ...book.instances.flatMap(({ id, instance }) => [id, instance]),
    ...book.workloads.map((sheet) => sheet.name),
  ];
  const near = suggestNames(name, [...new Set(known)]);
  const cure = near.length > 0 ? `did you mean ${near.join(', ')}?` : 'configiq catalog list shows what there is.';
  throw usageError(`The catalogs know nothing called "${name.slice(0, 100)}": ${cure}`, { nearest: near });
}

function isInstance(sheet: { id: string; provider: string; instance: string }, wanted: string, facts: Facts): boolean {
  if (sheet.instance.toLowerCase() === wanted || sheet.id.toLowerCase() === wanted) return true;
  const slash = wanted.indexOf('/');
  if (slash === -1 || sheet.instance.toLowerCase() !== wanted.slice(slash + 1)) return false;
  return sheet.provider === providerNamed(facts, wanted.slice(0, slash));
}

/** The id of a provider, which may be told by its name; what is unknown stays as it was given. */
function providerNamed(facts: Facts, name: string): string {
  try {
    return resolveProviderId(facts, name);
  } catch (thrown) {
    if (thrown instanceof ConfigIqError) return name;
    throw thrown;
  }
}

/** `h100`, `aws/p5.48xlarge`, `aws/p5.48xlarge/us-east-1`: what a correction is about. */
function entryNamed(facts: Facts, name: string): { subject: FactSubject; id: string } {
  const [provider = '', instance, ...region] = name.trim().split('/');
  if (instance === undefined) return { subject: 'gpu', id: resolveGpuId(facts, name) };
  const own = providerNamed(facts, provider);
  const known = facts.instances.find(
    (row) => row.provider === own && row.name.toLowerCase() === instance.toLowerCase(),
  );
  const id = instanceId(own, known?.name ?? instance);
  return region.length === 0
    ? { subject: 'instance', id }
    : { subject: 'price', id: offerId(own, known?.name ?? instance, region.join('/')) };
}

const UNKNOWN_WORDS = ['null', 'unknown', 'none'];

/** `12.5`, `true`, `unknown`; a text where the fact is one. */
function valueOf(subject: FactSubject, key: string, text: string): FactValue {
  const given = text.trim();
  const kind = FIELDS_OF[subject].find((field) => field.key === key)?.kind ?? 'text';
  if (UNKNOWN_WORDS.includes(given.toLowerCase()) && !(key === 'interconnect' && given === 'none')) return null;
  if (kind === 'boolean' && /^(true|yes|false|no)$/i.test(given)) return /^(true|yes)$/i.test(given);
  if (kind !== 'number') return given;
  const value = Number(given);
  if (given === '' || !Number.isFinite(value))
    throw usageError(`${key} takes a number, or "unknown", got "${text.slice(0, 60)}".`);
  return value;
}
