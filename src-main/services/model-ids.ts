import { invalidInput } from '../../src-worker/engine/errors.ts';

const MAX_ID_LENGTH = 200;
/** What hubs allow. Ids are printed inside commands for a shell, so nothing a shell reads may be in one. */
const MODEL_ID = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9._-]+){0,2}$/;

/** Where an id was taken from, which decides how to mend it. */
type IdOrigin = 'given' | 'import' | 'path';

const ORIGIN_WORDS: Record<IdOrigin, string> = {
  given: '',
  import: " (from the file's name)",
  path: " (from the file's name)",
};
const ID_CURES: Record<IdOrigin, string> = {
  given: 'give one such as meta-llama/Llama-2-7b-hf',
  import: 'give one with --id, or rename the file, for example to owner__name.json',
  path: 'rename the file, for example to owner__name.json',
};

/** An id as it may stand in a message or its details. */
export const shortId = (id: string): string => id.slice(0, MAX_ID_LENGTH);

export const isModelId = (id: string): boolean => id.length <= MAX_ID_LENGTH && MODEL_ID.test(id);

/** Throws `model_id_invalid`. */
export function checkId(id: string, origin: IdOrigin): void {
  if (isModelId(id)) return;
  const shown = JSON.stringify(id.length > 60 ? `${id.slice(0, 60)}…` : id);
  throw invalidInput(
    'model_id_invalid',
    `Model id ${shown}${ORIGIN_WORDS[origin]} cannot be used: an id starts with a letter or digit, has only letters, digits, "." "_" and "-", at most two "/", and at most ${MAX_ID_LENGTH} characters: ${ID_CURES[origin]}.`,
    { field: 'id', id: shortId(id) },
  );
}

/** The file name without `.json`, its first `__` read as `/`. */
export function idFromFileName(fileName: string): string {
  // Names come from any system's file dialogs: both kinds of slash separate folders.
  const name = fileName.slice(Math.max(fileName.lastIndexOf('/'), fileName.lastIndexOf('\\')) + 1);
  return name.replace(/\.json$/i, '').replace('__', '/');
}
