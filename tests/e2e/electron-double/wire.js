// How values cross between Node and the page: JSON, with what JSON lacks (undefined, NaN, typed arrays) marked. The same text runs
// in Node and, without its exports, in both worlds of the page.
const ARRAY_KINDS = { Float64Array, Float32Array, Int32Array, Uint32Array, Uint8Array };

const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;

export function pack(value) {
  return JSON.stringify(value, (_key, item) => {
    if (item === undefined) return { $undefined: true };
    if (typeof item === 'number' && !Number.isFinite(item)) return { $number: String(item) };
    if (!ArrayBuffer.isView(item)) return item;
    return {
      $array: item.constructor.name,
      bytes: base64(new Uint8Array(item.buffer, item.byteOffset, item.byteLength)),
    };
  });
}

export function unpack(text) {
  return restored(JSON.parse(text));
}

// Not a reviver of JSON.parse: one that returns undefined deletes the key instead.
function restored(value) {
  if (typeof value !== 'object' || value === null) return value;
  if (value.$undefined) return undefined;
  if (value.$number) return Number(value.$number);
  if (value.$array) return new ARRAY_KINDS[value.$array](bytesOf(value.bytes));
  for (const key of Object.keys(value)) value[key] = restored(value[key]);
  return value;
}
