import {
  MAX_CATALOG_BYTES,
  type CatalogFileDraft,
  type CatalogFormat,
} from '../../../src-worker/protocol/catalog-api.ts';
import { fileError } from '../../../src-worker/engine/errors.ts';
import { parseJsonText } from '../../services/json-text.ts';
import type { LayeredCatalog } from '../layers.ts';
import { configiqReader } from './configiq.ts';
import { eachCsvRow } from './csv-rows.ts';
import type { FileShape, FormatReader, ReadCatalog } from './reader.ts';
import { seedReader } from './seed.ts';
import { skypilotReader } from './skypilot.ts';

/** Every format: one file each beside this one. The first that recognizes a file reads it. */
const READERS: readonly FormatReader[] = [configiqReader, seedReader, skypilotReader];

/** What a file holds. Throws file errors where nothing of it can be used: too large, binary, empty, of no known format. */
export function readCatalogText(
  { fileName, text, format, provider }: CatalogFileDraft,
  beneath: LayeredCatalog,
): ReadCatalog & { format: CatalogFormat } {
  const shape = shapeOf(fileName, text);
  const reader = READERS.find((one) => (format === null ? one.recognizes(shape) : one.format === format));
  if (!reader || !reader.recognizes(shape)) throw unknownFormat(fileName, format);
  return { ...reader.read(shape, { fileName, provider, beneath }), format: reader.format };
}

function shapeOf(fileName: string, text: string): FileShape {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_CATALOG_BYTES) throw tooLarge(fileName, bytes);
  if (text.trim() === '') {
    throw fileError('catalog_empty', `${fileName} is empty: give a catalog file.`, { file: fileName });
  }
  if (text.includes('\u0000') || text.includes('\uFFFD')) {
    const message = `${fileName} is a binary file, or text in another encoding than UTF-8: a catalog is JSON, or SkyPilot's vms.csv.`;
    throw fileError('catalog_binary', message, { file: fileName });
  }
  if (/^\uFEFF?\s*[[{]/.test(text)) return { kind: 'json', text, data: parseJsonText(text, fileName) };
  const end = text.search(/\r?\n/);
  return { kind: 'table', text, header: headerOf(fileName, end === -1 ? text : text.slice(0, end)) };
}

export const tooLarge = (fileName: string, bytes: number): Error =>
  fileError(
    'file_too_large',
    `${fileName} has ${bytes.toLocaleString('en-US')} bytes, and a catalog at most ${MAX_CATALOG_BYTES.toLocaleString('en-US')}: give the price list alone.`,
    { file: fileName, bytes },
  );

function headerOf(fileName: string, line: string): string[] {
  let header: string[] = [];
  eachCsvRow(line, fileName, (cells) => (header = cells));
  return header;
}

const WORDS: Record<CatalogFormat, string> = {
  configiq: 'a catalog of ConfigIQ (schema_version with gpus, instances, clouds or workloads)',
  seed: "the seed's (vm_instances, or workloads by name)",
  skypilot: "SkyPilot's vms.csv (InstanceType, Price, Region)",
};

function unknownFormat(fileName: string, asked: CatalogFormat | null): Error {
  const known = READERS.map(({ format }) => WORDS[format]);
  const message =
    asked === null
      ? `${fileName} is in no format that is known here: it can be ${known.join(', or ')}.`
      : `${fileName} is not in the format ${asked}, which is ${WORDS[asked]}: leave the format out to have it told by the content.`;
  return fileError('catalog_format_unknown', message, { file: fileName });
}
