import { z } from 'zod';
import { fileError, invalidInput } from '../../../src-worker/engine/errors.ts';
import { modelHoldsSchema } from '../../../src-worker/protocol/requests.ts';
import { documentText, SCHEMA_VERSION, type ModelDocument } from '../../../src-worker/protocol/documents.ts';
import { bundledCatalogsFolder } from '../../catalogs/load.ts';
import type { AppService } from '../../services/app-service.ts';
import { databaseFile, dataFolder } from '../../services/data-folder.ts';
import { createModelStore } from '../../services/model-store.ts';
import { openStore } from '../../store/open.ts';
import type { CommandContext, Options, Run } from '../context.ts';
import { EXIT, unwrap, usageError } from '../errors.ts';
import { modelIdOf } from '../models.ts';
import { draftOf, partFor } from '../options.ts';
import { modelFitsReport } from '../report/model-fits-report.ts';
import { modelHoldsReport } from '../report/model-holds-report.ts';
import { modelListReport, modelReport } from '../report/model-report.ts';
import type { Terminal } from '../terminal.ts';
import { checkRequest } from '../validate.ts';

/** More than any config.json; how large one may be is the config store's business. */
const MAX_PASTED_BYTES = 10_000_000;
const STANDARD_INPUT = '-';

export const runModelShow: Run = async ({ service, terminal }, options, [name = '']) => {
  const app = await service();
  const document = await withNotices(app, terminal, async () =>
    unwrap(await app.api.showModel(await modelIdOf(app, name))),
  );
  printModel(terminal, options, document);
  return EXIT.answered;
};

export const runModelFits: Run = async ({ service, terminal }, options, [name = '']) => {
  const app = await service();
  const tokens = typeof options['tokens'] === 'number' ? options['tokens'] : null;
  const document = unwrap(await app.api.modelFits({ id: await modelIdOf(app, name), tokens }));
  terminal.print(options['json'] === true ? documentText(document) : modelFitsReport(document));
  return EXIT.answered;
};

export const runModelHolds: Run = async ({ service, terminal }, options, [name = '']) => {
  const app = await service();
  const asked = checkRequest(modelHoldsSchema.partial(), partFor(draftOf(options), modelHoldsSchema));
  const document = unwrap(await app.api.modelHolds({ ...asked, id: await modelIdOf(app, name) }));
  terminal.print(options['json'] === true ? documentText(document) : modelHoldsReport(document));
  return EXIT.answered;
};

export const runModelList: Run = async ({ service, terminal }, options) => {
  const app = await service();
  const models = await withNotices(app, terminal, async () => unwrap(await app.api.listModels()));
  const document = { schema_version: SCHEMA_VERSION, models };
  terminal.print(options['json'] === true ? documentText(document) : modelListReport(models));
  return EXIT.answered;
};

export const runModelImport: Run = async ({ service, terminal, input }, options, [file = '']) => {
  const id = typeof options['id'] === 'string' ? options['id'] : null;
  const text = file === STANDARD_INPUT ? await pastedText(id, input) : null;
  const app = await service();
  const document = await withNotices(app, terminal, async () =>
    unwrap(
      await (text === null
        ? app.importModelFile(file, id)
        : app.api.importModel({ text, fileName: 'standard input', id })),
    ),
  );
  terminal.note(`Imported as ${document.id}.`);
  printModel(terminal, options, document);
  return EXIT.answered;
};

const pullSchema = z.strictObject({ revision: z.string().optional(), json: z.boolean().default(false) });

export const runModelPull: Run = async (context, options, [id = '']) => {
  const { terminal, service } = context;
  const { revision = null } = checkRequest(pullSchema, draftOf(options));
  const app = await service();
  const taskId = `cli-${process.pid}`;
  context.onInterrupt(() => void app.api.cancelTask(taskId));
  terminal.note(`Pulling ${id}${revision === null ? '' : ` at ${revision}`}…`);
  const { model, notes } = unwrap(await app.api.pullModel({ id, revision, taskId }));
  for (const note of notes) terminal.complain(note);
  terminal.note(`Kept as ${model.id}${model.revision === null ? '' : ` at ${model.revision}`}; it works offline now.`);
  printModel(terminal, options, model);
  return EXIT.answered;
};

/** Bundled models cannot be removed; an imported one that covers a bundled one gives way to it again. */
export const runModelRemove: Run = ({ terminal, environment }, _options, [id = '']) => {
  const { store } = openStore(databaseFile(dataFolder(environment)));
  try {
    if (!createModelStore(bundledCatalogsFolder(), store).remove(id)) {
      throw invalidInput(
        'unknown_model',
        `There is no imported or pulled model "${id}": configiq model list shows which are.`,
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

function printModel(terminal: Terminal, options: Options, document: ModelDocument): void {
  terminal.print(options['json'] === true ? documentText(document) : modelReport(document));
}

/** Does something and tells what was noticed on the way: rows and files that could not be read. */
async function withNotices<Value>(
  app: AppService,
  terminal: CommandContext['terminal'],
  work: () => Promise<Value>,
): Promise<Value> {
  const before = unwrap(await app.api.info()).notices;
  const value = await work();
  for (const notice of unwrap(await app.api.info()).notices) if (!before.includes(notice)) terminal.complain(notice);
  return value;
}

/** A config.json that comes through the standard input, which has no name to make an id of. */
async function pastedText(id: string | null, input: CommandContext['input']): Promise<string> {
  if (id === null)
    throw usageError('model import - needs a name for what comes in: add --id, such as --id me/my-model.');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input()) {
    const part = Buffer.from(chunk as Buffer);
    bytes += part.length;
    if (bytes > MAX_PASTED_BYTES) {
      const limit = MAX_PASTED_BYTES.toLocaleString('en-US');
      throw fileError(
        'file_too_large',
        `The standard input has more than ${limit} bytes: give a config.json, not the weights.`,
        { limit: MAX_PASTED_BYTES },
      );
    }
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString('utf8');
}
