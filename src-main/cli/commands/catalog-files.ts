import { resolve } from 'node:path';
import { z } from 'zod';
import {
  CATALOG_FORMATS,
  PRICE_DATE,
  PRICE_DATE_WORDS,
  type CatalogFileDraft,
} from '../../../src-worker/protocol/catalog-api.ts';
import { plural } from '../../../src-worker/protocol/numbers.ts';
import { firstProblemText } from '../../../src-worker/protocol/issues.ts';
import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import { CATALOG_EXPORT_FORMATS } from '../../catalogs/export.ts';
import { checkWritable, writeAtomically } from '../../services/atomic-write.ts';
import { resolveProviderId } from '../../../src-worker/engine/hardware/resolve.ts';
import { fileError } from '../../../src-worker/engine/errors.ts';
import type { Options, Run } from '../context.ts';
import { EXIT, unwrap, usageError } from '../errors.ts';
import { snakeCaseKeys } from '../json-keys.ts';
import { draftOf } from '../options.ts';
import { catalogFile } from '../own-files.ts';
import { diffReport, importReport, importsReport } from '../report/catalog-import-report.ts';
import { checkRequest } from '../validate.ts';

const fileSchema = z.object({
  format: z.enum(CATALOG_FORMATS).nullable().default(null),
  provider: z.string().nullable().default(null),
  as_of: z.string().regex(PRICE_DATE, PRICE_DATE_WORDS).nullable().default(null),
});

function fileOf(path: string, options: Options): CatalogFileDraft {
  const { as_of: asOf, ...told } = checkRequest(fileSchema, draftOf(options));
  return catalogFile(path, { ...told, asOf });
}

/**
 * What is wrong stands in the way until `--good-part` says to take the rest. Exit 4 then, and nothing is changed; what was
 * found is printed all the same.
 */
export const runCatalogImport: Run = async ({ service, terminal }, options, [path = '']) => {
  const file = fileOf(path, options);
  const { api } = await service();
  const preview = unwrap(await api.previewCatalog(file));
  const isDry = options['dryRun'] === true;
  const useGoodPart = options['goodPart'] === true;
  const mayImport = preview.problemCount === 0 || useGoodPart;
  const result = isDry || !mayImport ? null : await api.importCatalog(file, useGoodPart);
  const entry = result?.ok ? result.value : null;
  terminal.print(
    options['json'] === true
      ? documentText({
          schema_version: SCHEMA_VERSION,
          imported: entry && snakeCaseKeys(entry),
          ...snakeCaseKeys(preview),
        })
      : importReport(preview, entry, isDry),
  );
  if (!mayImport) {
    const first = firstProblemText(preview.problems, preview.problemCount);
    terminal.complain(
      `configiq: ${path}: ${first}\nNothing was changed: mend the file, or take the rest of it with --good-part.`,
    );
    return EXIT.file;
  }
  if (result) unwrap(result);
  return EXIT.answered;
};

/** What an import would change; nothing is changed. */
export const runCatalogDiff: Run = async ({ service, terminal }, options, [path = '']) => {
  const file = fileOf(path, options);
  const preview = unwrap(await (await service()).api.previewCatalog(file));
  terminal.print(
    options['json'] === true
      ? documentText({ schema_version: SCHEMA_VERSION, ...snakeCaseKeys(preview) })
      : diffReport(preview),
  );
  return EXIT.answered;
};

/** One file by itself: exit 4 with its first problem, or with all of them as JSON. */
export const checkCatalogFile: Run = async ({ service, terminal }, options, [path = '']) => {
  const preview = unwrap(await (await service()).api.previewCatalog(fileOf(path, options)));
  const { problems, problemCount } = preview;
  const isHealthy = problemCount === 0;
  if (options['json'] === true) {
    const { format, read, usable, skipped, doubts, doubtCount, notes } = preview;
    terminal.print(
      documentText({
        schema_version: SCHEMA_VERSION,
        healthy: isHealthy,
        ...snakeCaseKeys({ format, read, usable, skipped, doubts, doubtCount, notes, problemCount, problems }),
      }),
    );
    return isHealthy ? EXIT.answered : EXIT.file;
  }
  if (!isHealthy) {
    const lines = problems
      .slice(0, 2)
      .map(({ line, sentence }) => `${line === null ? '' : `line ${line}: `}${sentence}`);
    if (problemCount > lines.length)
      lines.push(`and ${plural(problemCount - lines.length, 'more problem')} (--json lists all)`);
    throw fileError('catalog_invalid', lines.join('\n'), { file: resolve(path), problems: problemCount });
  }
  terminal.print(importReport(preview, null, true));
  return EXIT.answered;
};

export const runCatalogImports: Run = async ({ service, terminal }, options) => {
  const { imports } = unwrap(await (await service()).api.browseCatalog());
  terminal.print(
    options['json'] === true
      ? documentText({ schema_version: SCHEMA_VERSION, ...snakeCaseKeys({ imports }) })
      : importsReport(imports),
  );
  return EXIT.answered;
};

export const runCatalogRemove: Run = async ({ service, terminal }, options, [number = '']) => {
  const id = Number(number);
  if (!/^\d{1,15}$/.test(number) || id < 1) {
    throw usageError(`"${number.slice(0, 60)}" is not the number of an import: configiq catalog imports lists them.`);
  }
  unwrap(await (await service()).api.removeCatalogImport(id));
  if (options['json'] === true) terminal.print(documentText({ schema_version: SCHEMA_VERSION, removed: id }));
  terminal.note(`Removed: import ${id}. What it covered holds again.`);
  return EXIT.answered;
};

const exportSchema = z.object({
  format: z.enum(CATALOG_EXPORT_FORMATS).default('configiq'),
  output: z.string().nullable().default(null),
  provider: z.array(z.string()).default([]),
});

/** The catalogs in force as a file that `catalog import` reads, or as a table of prices. */
export const runCatalogExport: Run = async ({ service, terminal }, options) => {
  const { format, output, provider } = checkRequest(exportSchema, draftOf(options));
  if (output !== null) checkWritable(output);
  const app = await service();
  const providers = provider.map((name) => resolveProviderId(app.facts(), name));
  const text = app.exportCatalog(format, providers);
  if (output === null) terminal.print(text);
  else {
    await writeAtomically(output, text);
    terminal.note(`Written: ${output}`);
  }
  return EXIT.answered;
};
