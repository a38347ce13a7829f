import { checkRepoAccess, downloadFile, fileExists, modelInfo, parseSafetensorsMetadata } from '@huggingface/hub';
import { invalidInput } from '../../src-worker/engine/errors.ts';
import type { SafetensorsSummary } from '../../src-worker/engine/model/source.ts';
import type { HubSettings } from './environment.ts';
import { hubError, noConfig, noRepository, noRevision, repositoryAddress, type Asked } from './errors.ts';
import { apiSafetensors, headerFile, summarize, USUAL_HEADER_FILES } from './safetensors-headers.ts';
import { COMMIT, HubStatusError, openTransport, type Transport } from './transport.ts';

/** What a repository says of its model beside the weights. */
export interface PulledModel {
  /** As the hub spells it. */
  id: string;
  /** Commit of the files; null where a mirror does not say. */
  revision: string | null;
  /** Address of the config. */
  source: string;
  /** Text of config.json. Outside input. */
  config: string;
  /** Text of ModelOpt's hf_quant_config.json; null when there is none. */
  quantization: string | null;
  safetensors: SafetensorsSummary | null;
  /** What is missing and was survived, as sentences. */
  notes: string[];
}

const DEFAULT_REVISION = 'main';
/** A pull takes some requests one after the other; all of them together get the time of this many. */
const REQUESTS_OF_A_PULL = 6;
const MAX_REVISION_LENGTH = 200;

const REPOSITORY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}(\/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?$/;
const REVISION = /^[A-Za-z0-9][A-Za-z0-9._/+-]*$/;

/**
 * Fetches config.json and what the safetensors files say of themselves from the hub, never weights. `revision` null = the
 * main branch. Throws ConfigIqError: `invalid_input` for names that cannot be, family `file` for everything between here
 * and the hub, `interrupted` after `cancel`.
 */
export async function pullFromHub(
  request: { id: string; revision: string | null },
  settings: HubSettings,
  cancel: AbortSignal,
): Promise<PulledModel> {
  const id = request.id.trim();
  const revision = request.revision?.trim() ?? DEFAULT_REVISION;
  checkNames(id, revision);
  if (settings.offlineBy !== null) {
    const sentence = `${settings.offlineBy} forbids to ask ${settings.endpoint}: unset it to pull ${id}, or import its config.json from a file.`;
    throw invalidInput('hub_offline', sentence, { model: id, variable: settings.offlineBy });
  }
  const asked: Asked = { id, revision, settings, cancel };
  const limit = AbortSignal.timeout(REQUESTS_OF_A_PULL * settings.requestLimitMs);
  const transport = openTransport(settings, AbortSignal.any([cancel, limit]));
  try {
    return await pull(asked, transport);
  } catch (thrown) {
    throw hubError(thrown, asked);
  } finally {
    await transport.close();
  }
}

function checkNames(id: string, revision: string): void {
  if (!REPOSITORY.test(id) || id.includes('..') || id.includes('--')) {
    const shown = JSON.stringify(id.slice(0, 60));
    throw invalidInput(
      'model_id_invalid',
      `${shown} is not the name of a model on a hub: give owner/name, such as Qwen/Qwen3-8B.`,
      {
        field: 'id',
        id: id.slice(0, 200),
      },
    );
  }
  if (!REVISION.test(revision) || revision.includes('..') || revision.length > MAX_REVISION_LENGTH) {
    const shown = JSON.stringify(revision.slice(0, 60));
    throw invalidInput(
      'revision_invalid',
      `Revision ${shown} cannot be: give a branch, a tag or a commit, such as main.`,
      {
        field: 'revision',
        value: revision.slice(0, MAX_REVISION_LENGTH),
      },
    );
  }
}

/** What the hub's client is told with every call. The token is the transport's business. */
const clientOf = ({ id, settings }: Asked, { fetch }: Transport) => ({
  repo: { type: 'model' as const, name: id },
  hubUrl: settings.endpoint,
  fetch,
});

interface RepositoryInfo {
  id: string;
  commit: string | null;
  safetensors: SafetensorsSummary | null;
  /** Names of all files; empty where they are not told. */
  files: string[];
}

async function pull(asked: Asked, transport: Transport): Promise<PulledModel> {
  const info = await unlessMissing(repositoryInfo(asked, transport));
  const revision = info?.commit ?? asked.revision;
  const config = await readText(asked, transport, revision, 'config.json');
  if (config === null) throw info ? noConfig(asked) : await whatIsMissing(asked, transport);
  const commit = info?.commit ?? transport.lastCommit();
  const mayHaveQuantization = !info || info.files.length === 0 || info.files.includes(QUANTIZATION_FILE);
  const quantization = mayHaveQuantization ? await readText(asked, transport, revision, QUANTIZATION_FILE) : null;
  const { safetensors, notes } = await readSafetensors(asked, transport, revision, info);
  const id = info?.id ?? asked.id;
  return {
    id,
    revision: commit,
    source: `${repositoryAddress({ ...asked, id })}/blob/${commit ?? asked.revision}/config.json`,
    config,
    quantization,
    safetensors,
    notes,
  };
}

/** ModelOpt's description of its quantization, in checkpoints whose config.json has none. */
const QUANTIZATION_FILE = 'hf_quant_config.json';

/** The answer, or null where the hub says that there is none. */
async function unlessMissing<Value>(answer: Promise<Value>): Promise<Value | null> {
  try {
    return await answer;
  } catch (thrown) {
    // A code that says what is missing is told at once.
    if (thrown instanceof HubStatusError && thrown.status === 404 && thrown.errorCode === null) return null;
    throw thrown;
  }
}

async function repositoryInfo(asked: Asked, transport: Transport): Promise<RepositoryInfo> {
  const { repo, ...client } = clientOf(asked, transport);
  const told = await modelInfo({
    ...client,
    name: repo.name,
    revision: asked.revision,
    additionalFields: ['sha', 'safetensors', 'filePaths'],
  });
  // The client gives what came, unchecked.
  const name: unknown = told.name;
  const sha: unknown = told.sha;
  const counted = apiSafetensors.safeParse(told.safetensors);
  const isSameName = typeof name === 'string' && name.toLowerCase() === asked.id.toLowerCase();
  return {
    id: isSameName ? name : asked.id,
    commit: typeof sha === 'string' && COMMIT.test(sha) ? sha : null,
    safetensors: counted.success ? { elementsByDtype: counted.data.parameters, totalBytes: null } : null,
    files: told.filePaths.filter((file: unknown) => typeof file === 'string'),
  };
}

/** The text of a file, or null where there is none. */
async function readText(asked: Asked, transport: Transport, revision: string, path: string): Promise<string | null> {
  const file = await unlessMissing(downloadFile({ ...clientOf(asked, transport), path, revision, xet: false }));
  return file ? file.text() : null;
}

/** Which of repository and revision is missing, where the hub did not say. */
async function whatIsMissing(asked: Asked, transport: Transport): Promise<Error> {
  try {
    await checkRepoAccess(clientOf(asked, transport));
    return noRevision(asked);
  } catch (thrown) {
    if (thrown instanceof HubStatusError && thrown.status === 404) return noRepository(asked, thrown);
    throw thrown;
  }
}

/**
 * What the files say of themselves: told by the API for the main branch, read from the headers for any other revision and
 * where the API tells nothing. Files that cannot be read are a note: the config is good without the check.
 */
async function readSafetensors(
  asked: Asked,
  transport: Transport,
  revision: string,
  info: RepositoryInfo | null,
): Promise<{ safetensors: SafetensorsSummary | null; notes: string[] }> {
  const told = info?.safetensors ?? null;
  if (told && asked.revision === DEFAULT_REVISION) return { safetensors: told, notes: [] };
  try {
    const files = info?.files ?? [];
    const path = files.length > 0 ? headerFile(files) : await existingHeaderFile(asked, transport, revision);
    if (path === null) return { safetensors: told, notes: [] };
    const read = await parseSafetensorsMetadata({ ...clientOf(asked, transport), revision, path });
    return { safetensors: summarize(read.sharded ? Object.values(read.headers) : [read.header]), notes: [] };
  } catch (thrown) {
    if (asked.cancel.aborted) throw thrown;
    if (told) return { safetensors: told, notes: [] };
    const { code, message } = hubError(thrown, asked);
    const reason = code === 'hub_answer_invalid' ? 'they are not what the format asks for.' : message;
    return {
      safetensors: null,
      notes: [
        `The headers of the safetensors files of ${asked.id} could not be read, so its count is not checked: ${reason}`,
      ],
    };
  }
}

/** For mirrors that do not list their files. */
async function existingHeaderFile(asked: Asked, transport: Transport, revision: string): Promise<string | null> {
  for (const path of USUAL_HEADER_FILES) {
    if (await fileExists({ ...clientOf(asked, transport), revision, path })) return path;
  }
  return null;
}
