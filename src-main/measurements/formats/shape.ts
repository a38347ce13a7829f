import { parse as parseYaml, YAMLParseError } from 'yaml';
import { fileError, ConfigIqError } from '../../../src-worker/engine/errors.ts';
import { MAX_BENCHMARK_BYTES } from '../../../src-worker/protocol/benchmark-api.ts';
import { parseJsonText } from '../../services/json-text.ts';
import { foreignTextWords } from './foreign.ts';
import type { FileShape } from './reader.ts';
import { hasConsoleBlock } from './vllm-console.ts';
import { zeroBytes } from '../zero-bytes.ts';

/** YAML of this size takes seconds to read; whoever has more has the same report as JSON. */
const MAX_YAML_BYTES = 10_000_000;

/** `key:` at the start of a line, after a mark of the document, empty lines and comments. */
const YAML_START = /^\uFEFF?(?:---[ \t]*\r?\n|[ \t]*(?:#[^\n]*)?\r?\n)*["']?[\w-][\w .-]*["']?:(?:[ \t]|\r?\n|$)/;

/** What a file holds, told by its first characters. Throws file errors: too large, empty, binary, broken. */
export function shapeOf(fileName: string, text: string): FileShape {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BENCHMARK_BYTES) throw tooLarge(fileName, bytes, MAX_BENCHMARK_BYTES);
  if (text.trim() === '') {
    throw fileError('benchmark_empty', `${fileName} is empty: give the results that the benchmark wrote.`, {
      file: fileName,
    });
  }
  const zeros = zeroBytes(text);
  if (zeros !== null) {
    const what =
      zeros === 'utf16'
        ? 'is text in UTF-16, or a binary file'
        : 'holds zero bytes, which no text has: it is damaged or binary';
    const message = `${fileName} ${what}: give the JSON or YAML that the benchmark wrote, in UTF-8.`;
    throw fileError('benchmark_binary', message, { file: fileName });
  }
  if (/^\uFEFF?\s*[[{]/.test(text)) return jsonShape(fileName, text);
  if (YAML_START.test(text) && !isPrinted(text)) return yamlShape(fileName, text, bytes);
  return { kind: 'text', text };
}

/** A log and what a program prints have lines like those of YAML; what they are shows at their start. */
const isPrinted = (text: string): boolean =>
  hasConsoleBlock(text) || foreignTextWords(text.slice(0, SHOWN_START)) !== null;
const SHOWN_START = 4000;

const tooLarge = (fileName: string, bytes: number, most: number): Error =>
  fileError(
    'file_too_large',
    `${fileName} has ${bytes.toLocaleString('en-US')} bytes, and at most ${most.toLocaleString('en-US')} are read: give the results without the texts of requests${most === MAX_YAML_BYTES ? ', or as JSON' : ''}.`,
    { file: fileName, bytes },
  );

function jsonShape(fileName: string, text: string): FileShape {
  const lines = text.split('\n');
  const isJsonLines = isOneDocument(lines[0] ?? '') && lines.slice(1).some((line) => line.trim() !== '');
  if (isJsonLines) return jsonLinesShape(lines);
  const value = parsedJson(fileName, text);
  if (!Array.isArray(value)) return { kind: 'documents', documents: [value], unreadable: [] };
  return { kind: 'documents', documents: value as unknown[], unreadable: [] };
}

function isOneDocument(line: string): boolean {
  try {
    return typeof parsedJson('', line) === 'object';
  } catch (thrown) {
    if (thrown instanceof ConfigIqError) return false;
    throw thrown;
  }
}

/** One run a line; a line that was cut off (the benchmark was stopped) does not spoil the others. */
function jsonLinesShape(lines: readonly string[]): FileShape {
  const documents: unknown[] = [];
  const unreadable: string[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    try {
      documents.push(parsedJson(`line ${index + 1}`, line));
    } catch (thrown) {
      if (!(thrown instanceof ConfigIqError)) throw thrown;
      unreadable.push(`line ${index + 1} is not valid JSON: it was cut off, or is no result.`);
    }
  }
  return { kind: 'documents', documents, unreadable };
}

/** A text as it stands, or a bare word that Python writes and JSON does not know. */
const PYTHON_WORD = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:Infinity|NaN)\b/g;

/** JSON as Python writes it: infinite numbers and NaN become texts, which numbers are read from as well. */
function parsedJson(fileName: string, text: string): unknown {
  try {
    return parseJsonText(text, fileName);
  } catch (thrown) {
    if (!/\b(?:Infinity|NaN)\b/.test(text)) throw thrown;
    return parseJsonText(
      text.replace(PYTHON_WORD, (found) => (found.startsWith('"') ? found : `"${found}"`)),
      fileName,
    );
  }
}

function yamlShape(fileName: string, text: string, bytes: number): FileShape {
  if (bytes > MAX_YAML_BYTES) throw tooLarge(fileName, bytes, MAX_YAML_BYTES);
  try {
    const value: unknown = parseYaml(text, { logLevel: 'error' });
    return { kind: 'documents', documents: [value], unreadable: [] };
  } catch (thrown) {
    throw yamlError(fileName, thrown);
  }
}

/** A broken text, or one whose references or levels multiply without end. */
function yamlError(fileName: string, thrown: unknown): unknown {
  if (thrown instanceof YAMLParseError) {
    const [start] = thrown.linePos ?? [];
    const place = start ? `line ${start.line}, column ${start.col}: ` : '';
    const [reason = ''] = thrown.message.split(/ at line \d+/);
    const words = thrown.code === 'RESOURCE_EXHAUSTION' ? 'nested too deeply' : reason;
    const sentence = `${fileName} is not valid YAML: ${place}${words}: mend it there, or get the file anew.`;
    return fileError('yaml_invalid', sentence, { file: fileName, line: start?.line ?? null }, thrown);
  }
  if (thrown instanceof ReferenceError || thrown instanceof RangeError) {
    const sentence = `${fileName} is no YAML that can be read: its references or levels multiply without end.`;
    return fileError('yaml_invalid', sentence, { file: fileName, line: null }, thrown);
  }
  return thrown;
}
