import { basename } from 'node:path';
import { invalidInput } from '../../../src-worker/engine/errors.ts';
import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import { bundledCatalogsFolder } from '../../catalogs/load.ts';
import { databaseFile, dataFolder } from '../../services/data-folder.ts';
import { createModelStore } from '../../services/model-store.ts';
import { openStore } from '../../store/open.ts';
import type { Run } from '../context.ts';
import { EXIT, unwrap } from '../errors.ts';
import { readTextFile } from '../files.ts';
import { modelIdOf } from '../models.ts';
import { modelFitsReport } from '../report/model-fits-report.ts';
import { modelListReport, modelReport } from '../report/model-report.ts';

/** Larger than any config.json; how large one may be is the config store's business. */
const MAX_READ_BYTES = 50_000_000;

export const runModelShow: Run = async ({ service, terminal }, options, [name = '']) => {
  const app = await service();
  const document = unwrap(await app.api.showModel(await modelIdOf(app, name)));
  terminal.print(options['json'] === true ? documentText(document) : modelReport(document));
  return EXIT.answered;
};

export const runModelFits: Run = async ({ service, terminal }, options, [name = '']) => {
  const app = await service();
  const tokens = typeof options['tokens'] === 'number' ? options['tokens'] : null;
  const document = unwrap(await app.api.modelFits({ id: await modelIdOf(app, name), tokens }));
  terminal.print(options['json'] === true ? documentText(document) : modelFitsReport(document));
  return EXIT.answered;
};

export const runModelList: Run = async ({ service, terminal }, options) => {
  const models = unwrap(await (await service()).api.listModels());
  const document = { schema_version: SCHEMA_VERSION, models };
  terminal.print(options['json'] === true ? documentText(document) : modelListReport(models));
  return EXIT.answered;
};

export const runModelImport: Run = async ({ service, terminal }, options, [file = '']) => {
  const text = readTextFile(file, MAX_READ_BYTES);
  const id = typeof options['id'] === 'string' ? options['id'] : null;
  const document = unwrap(await (await service()).api.importModel({ text, fileName: basename(file), id }));
  terminal.note(`Imported as ${document.id}.`);
  terminal.print(options['json'] === true ? documentText(document) : modelReport(document));
  return EXIT.answered;
};

/** Bundled models cannot be removed; an imported one that covers a bundled one gives way to it again. */
export const runModelRemove: Run = ({ terminal }, _options, [id = '']) => {
  const { store } = openStore(databaseFile(dataFolder()));
  try {
    if (!createModelStore(bundledCatalogsFolder(), store).remove(id)) {
      throw invalidInput(
        'unknown_model',
        `There is no imported model "${id}": configiq model list shows which are imported.`,
        {
          model: id,
        },
      );
    }
    terminal.note(`Removed: ${id}`);
    return Promise.resolve(EXIT.answered);
  } finally {
    store.close();
  }
};
