import { invalidInput, type ConfigIqError } from '../engine/errors.ts';

/**
 * How a message crosses a WebSocket, which carries bytes and knows no structured clone. One frame is
 *
 *     header length (u32, little-endian) | header (UTF-8 JSON) | zeros up to a multiple of 8 | bytes of each typed array
 *
 * The header is `{ message, arrays }`: the message with `null` in the place of every typed array, and for each of them
 * its kind, its length in elements and the path to its place. Paths, rather than marks inside the message, because no
 * message can then be mistaken for a mark. Each array starts at a multiple of 8, so the receiver reads it in place, without a
 * copy. Array bytes are in the machine's order, which is little-endian on everything Node and Chromium run on.
 */

/** Of a whole frame. Far above any answer (a size document with every row is about 2 MB), far below what hurts. */
export const MAX_FRAME_BYTES = 128 * 2 ** 20;
/** Of objects and arrays inside each other; also what ends a message that contains itself. */
export const MAX_MESSAGE_DEPTH = 100;
const MAX_ARRAYS = 100_000;
const LENGTH_BYTES = Uint32Array.BYTES_PER_ELEMENT;
const ALIGNMENT_BYTES = Float64Array.BYTES_PER_ELEMENT;

const ARRAY_KINDS = {
  Float64Array,
  Float32Array,
  Int32Array,
  Uint32Array,
  Int16Array,
  Uint16Array,
  Int8Array,
  Uint8Array,
} as const;
type ArrayKind = keyof typeof ARRAY_KINDS;
type Path = (string | number)[];

interface ArrayEntry {
  kind: ArrayKind;
  /** Elements, not bytes. */
  length: number;
  path: Path;
}

interface FoundArray extends ArrayEntry {
  bytes: Uint8Array;
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
const refused = (what: string): ConfigIqError =>
  invalidInput('frame_invalid', `The message cannot be sent: ${what}.`, { reason: what });
const malformed = (what: string): ConfigIqError =>
  invalidInput('frame_invalid', `The message received is not valid: ${what}; reload the page to connect again.`, {
    reason: what,
  });

/**
 * One frame for `message`, which must be plain data: objects, arrays, strings, finite numbers, booleans, null, and typed
 * arrays (these may hold NaN). As in JSON a key whose value is undefined is left out and -0 becomes 0. What would be
 * changed on the way without anybody noticing (NaN, a Date, a function, undefined inside a list) is refused with a
 * ConfigIqError that names its path.
 */
export function encode(message: unknown): Uint8Array<ArrayBuffer> {
  const found: FoundArray[] = [];
  const plain = isJsonData(message, 1) ? message : withoutArrays(message, ['message'], found);
  const arrays: ArrayEntry[] = found.map(({ kind, length, path }) => ({ kind, length, path }));
  const header = new TextEncoder().encode(JSON.stringify({ message: plain, arrays }));

  const bodyStart = aligned(LENGTH_BYTES + header.byteLength);
  const total = found.reduce((sum, array) => sum + aligned(array.bytes.byteLength), bodyStart);
  if (total > MAX_FRAME_BYTES) throw refused(`it has ${total} bytes, at most ${MAX_FRAME_BYTES} are allowed`);

  const frame = new Uint8Array(total);
  new DataView(frame.buffer).setUint32(0, header.byteLength, true);
  frame.set(header, LENGTH_BYTES);
  let at = bodyStart;
  for (const { bytes } of found) {
    frame.set(bytes, at);
    at += aligned(bytes.byteLength);
  }
  return frame;
}

/**
 * The message in `frame`. Typed arrays are views into it. Throws a ConfigIqError (`frame_invalid`) for everything that
 * `encode` cannot have made: cut short, too long, with unknown kinds, with paths that lead elsewhere.
 */
export function decode(frame: ArrayBuffer): unknown {
  if (frame.byteLength > MAX_FRAME_BYTES) {
    throw malformed(`it has ${frame.byteLength} bytes, at most ${MAX_FRAME_BYTES} are allowed`);
  }
  if (frame.byteLength < LENGTH_BYTES) throw malformed('it is shorter than its own length field');
  const headerLength = new DataView(frame).getUint32(0, true);
  const bodyStart = aligned(LENGTH_BYTES + headerLength);
  if (bodyStart > frame.byteLength) throw malformed('it ends before its header does');

  const header = parseHeader(new Uint8Array(frame, LENGTH_BYTES, headerLength));
  let at = bodyStart;
  for (const entry of header.arrays) {
    const { kind, length, path } = checkedEntry(entry);
    const end = at + aligned(length * ARRAY_KINDS[kind].BYTES_PER_ELEMENT);
    if (end > frame.byteLength) throw malformed(`it ends before its ${kind} of ${length} elements does`);
    putAt(header, path, new ARRAY_KINDS[kind](frame, at, length));
    at = end;
  }
  if (at !== frame.byteLength) throw malformed(`${frame.byteLength - at} bytes follow its end`);
  return header.message;
}

/** True for what JSON carries unchanged as it is: most answers, which then need no copy. `depth` as `withoutArrays` counts it. */
function isJsonData(value: unknown, depth: number): boolean {
  if (depth > MAX_MESSAGE_DEPTH) return false;
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) if (!isJsonData(value[i], depth + 1)) return false;
    return true;
  }
  if (ArrayBuffer.isView(value) || !isPlainObject(value)) return false;
  const fields = value as Record<string, unknown>;
  for (const key of Object.keys(fields)) {
    const field = fields[key];
    if (field !== undefined && !isJsonData(field, depth + 1)) return false;
  }
  return true;
}

/** A copy of `value` with null in the place of typed arrays, which are appended to `found`. */
function withoutArrays(value: unknown, path: Path, found: FoundArray[]): unknown {
  const place = () => path.slice(1).join('.') || 'the message';
  if (path.length > MAX_MESSAGE_DEPTH) throw refused(`${place().slice(0, 60)}… is nested too deeply`);
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      throw refused(`${place()} is ${value}, where a finite number or null is needed`);
    case 'object':
      break;
    default:
      throw refused(`${place()} is a ${typeof value}, which only exists inside one process`);
  }
  if (value === null) return null;
  if (ArrayBuffer.isView(value)) {
    if (found.length === MAX_ARRAYS) throw refused(`it holds more than ${MAX_ARRAYS} typed arrays`);
    found.push(foundArray(value, path, place()));
    return null;
  }
  if (Array.isArray(value)) {
    return Array.from(value, (item: unknown, index) => {
      if (item === undefined) throw refused(`${place()}.${index} is undefined inside a list`);
      return withoutArrays(item, [...path, index], found);
    });
  }
  if (!isPlainObject(value)) throw refused(`${place()} is a ${className(value)}, not plain data`);
  // A null prototype, so that a key named `__proto__` stays a key.
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value)) copy[key] = withoutArrays(item, [...path, key], found);
  return copy;
}

function foundArray(view: ArrayBufferView, path: Path, place: string): FoundArray {
  const kind = className(view);
  if (!isArrayKind(kind)) throw refused(`${place} is a ${kind}, which has no place in a frame`);
  const length = view.byteLength / ARRAY_KINDS[kind].BYTES_PER_ELEMENT;
  return { kind, length, path, bytes: new Uint8Array(view.buffer, view.byteOffset, view.byteLength) };
}

/** By its tag, not by instanceof: values may come from another realm (a frame, a test's DOM). */
const className = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);
const isArrayKind = (name: unknown): name is ArrayKind => typeof name === 'string' && Object.hasOwn(ARRAY_KINDS, name);

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

interface Header {
  message: unknown;
  arrays: unknown[];
}

function parseHeader(bytes: Uint8Array): Header {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw malformed('its header is not JSON in UTF-8');
  }
  if (typeof header !== 'object' || header === null || !('arrays' in header) || !Array.isArray(header.arrays)) {
    throw malformed('its header does not list its arrays');
  }
  if (header.arrays.length > MAX_ARRAYS) throw malformed(`it holds more than ${MAX_ARRAYS} typed arrays`);
  const message: unknown = 'message' in header ? header.message : undefined;
  return { message, arrays: header.arrays };
}

function checkedEntry(entry: unknown): ArrayEntry {
  const { kind, length, path } = (entry ?? {}) as Record<string, unknown>;
  if (!isArrayKind(kind)) throw malformed(`"${String(kind).slice(0, 40)}" is not a kind of typed array`);
  if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) {
    throw malformed(`a ${kind} has no length`);
  }
  const isPath = Array.isArray(path) && path.length > 0 && path.length <= MAX_MESSAGE_DEPTH && path[0] === 'message';
  if (!isPath) throw malformed(`a ${kind} has no path into the message`);
  return { kind, length, path: path as Path };
}

/** Follows own properties only, so that no path reaches a prototype; the place must hold the null that `encode` left. */
function putAt(header: Header, path: Path, array: ArrayBufferView): void {
  let holder: unknown = header;
  for (const step of path.slice(0, -1)) holder = ownValue(holder, step);
  const last = path.at(-1)!;
  if (ownValue(holder, last) !== null) throw malformed(`the place of a typed array is taken`);
  Object.defineProperty(holder, last, { value: array, writable: true, enumerable: true, configurable: true });
}

function ownValue(holder: unknown, key: string | number): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, key)) {
    throw malformed(`a typed array belongs at "${String(key).slice(0, 40)}", which the message does not have`);
  }
  return (holder as Record<string | number, unknown>)[key];
}
