import { describe, expect, it } from 'vitest';
import { ConfigIqError } from '../../src-worker/engine/errors.ts';
import { decode, encode, MAX_FRAME_BYTES, MAX_MESSAGE_DEPTH } from '../../src-worker/protocol/codec.ts';

const ARRAYS = [
  Float64Array,
  Float32Array,
  Int32Array,
  Uint32Array,
  Int16Array,
  Uint16Array,
  Int8Array,
  Uint8Array,
] as const;

/** Mulberry32: small, seeded, good enough to vary shapes. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Keys that a codec built on marks or on assignment would trip over. */
const AWKWARD_KEYS = ['', 'message', 'arrays', 'path', '__proto__', 'constructor', '0', 'ключ', '$array', 'kind'];
const AWKWARD_TEXTS = ['', 'null', '{"arrays":[]}', '\u0000', '𝒳', 'a'.repeat(300), '__proto__'];

function randomMessage(random: () => number, depth = 0): unknown {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
  const size = () => Math.floor(random() * 5);
  const kind = depth > 4 ? Math.floor(random() * 5) : Math.floor(random() * 8);
  switch (kind) {
    case 0:
      return null;
    case 1:
      return random() < 0.5;
    case 2:
      return pick([0, 1, -1, 1 / 3, Number.MAX_SAFE_INTEGER, Number.MIN_VALUE, Number.MAX_VALUE, random() * 1e9]);
    case 3:
      return pick(AWKWARD_TEXTS);
    case 4: {
      const array = new (pick(ARRAYS))(size());
      for (let index = 0; index < array.length; index += 1) array[index] = (random() - 0.5) * 1e6;
      return array;
    }
    case 5:
      return Array.from({ length: size() }, () => randomMessage(random, depth + 1));
    default: {
      const entries = Array.from({ length: size() }, () => [pick(AWKWARD_KEYS), randomMessage(random, depth + 1)]);
      return Object.fromEntries(entries) as unknown;
    }
  }
}

const roundTrip = (message: unknown): unknown => decode(encode(message).buffer);
const frameOf = (header: unknown, body: Uint8Array = new Uint8Array(0)): ArrayBuffer => {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const start = Math.ceil((4 + text.length) / 8) * 8;
  const frame = new Uint8Array(start + body.length);
  new DataView(frame.buffer).setUint32(0, text.length, true);
  frame.set(text, 4);
  frame.set(body, start);
  return frame.buffer;
};
const reason = (work: () => unknown): string => {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof ConfigIqError && thrown.code === 'frame_invalid') return thrown.message;
    throw thrown;
  }
  return 'accepted';
};

describe('codec: round trip', () => {
  it('returns every message as it was, whatever its shape', () => {
    const random = randomFrom(20260801);
    for (let run = 0; run < 2000; run += 1) {
      const message = randomMessage(random);
      expect(roundTrip(message)).toEqual(message);
    }
  });

  it.each(ARRAYS.map((kind) => [kind.name, kind] as const))('keeps the kind and every bit of a %s', (_name, Kind) => {
    const bytes = Uint8Array.from({ length: 64 }, (_, index) => (index * 37) % 256);
    const sent = new Kind(bytes.buffer);
    const received = roundTrip({ columns: [sent] }) as { columns: [typeof sent] };
    expect(received.columns[0]).toBeInstanceOf(Kind);
    expect(new Uint8Array(received.columns[0].slice().buffer)).toEqual(bytes);
  });

  it('keeps NaN and infinities inside typed arrays, where they mean "no value"', () => {
    const received = roundTrip(new Float64Array([Number.NaN, Infinity, -Infinity, -0])) as Float64Array;
    expect([...received]).toEqual([Number.NaN, Infinity, -Infinity, -0]);
  });

  it('sends the elements of a view only, not its whole buffer', () => {
    const whole = new Float64Array([1, 2, 3, 4]);
    expect(roundTrip(whole.subarray(1, 3))).toEqual(new Float64Array([2, 3]));
  });

  it('turns a Node Buffer into a Uint8Array', () => {
    expect(roundTrip(Buffer.from([7, 8]))).toEqual(new Uint8Array([7, 8]));
  });

  it('lets arrays be read in place: they share the frame, at a multiple of 8', () => {
    const frame = encode({ odd: new Uint8Array(3), wide: new Float64Array(2) }).buffer;
    const { wide } = decode(frame) as { wide: Float64Array };
    expect(wide.buffer).toBe(frame);
    expect(wide.byteOffset % 8).toBe(0);
  });

  it('leaves out keys that are undefined, as JSON does', () => {
    expect(roundTrip({ rate: undefined, users: 5 })).toEqual({ users: 5 });
  });

  it('makes the same bytes from the same message', () => {
    const message = { a: new Float64Array([1]), b: ['x', null] };
    expect(encode(message)).toEqual(encode(message));
  });
});

describe('codec: what cannot be sent is refused by name', () => {
  const selfish: Record<string, unknown> = {};
  selfish['self'] = selfish;
  it.each([
    ['NaN', { cost: { usd: Number.NaN } }, 'cost.usd is NaN'],
    ['Infinity', { ms: Infinity }, 'ms is Infinity'],
    ['a function', { progress: () => 1 }, 'progress is a function'],
    ['a bigint', { runs: 1n }, 'runs is a bigint'],
    ['a Date', { at: new Date(0) }, 'at is a Date'],
    ['a Map', { rows: new Map() }, 'rows is a Map'],
    ['a class instance', { error: new Error('no') }, 'error is a Error'],
    ['a DataView', { view: new DataView(new ArrayBuffer(8)) }, 'view is a DataView'],
    ['undefined in a list', { users: [1, undefined] }, 'users.1 is undefined'],
    ['a message that contains itself', selfish, 'nested too deeply'],
  ])('%s', (_what, message, expected) => {
    expect(reason(() => encode(message))).toContain(expected);
  });

  it('a message nested deeper than the limit, but not one at the limit', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    expect(reason(() => encode(nested(MAX_MESSAGE_DEPTH - 1)))).toBe('accepted');
    expect(reason(() => encode(nested(MAX_MESSAGE_DEPTH)))).toContain('nested too deeply');
  });

  it('a frame above the size limit, before its memory is taken', () => {
    expect(reason(() => encode(new Uint8Array(MAX_FRAME_BYTES)))).toContain('at most');
  });
});

describe('codec: malformed frames are refused', () => {
  const one = { kind: 'Float64Array', length: 1, path: ['message', 'x'] };
  const eight = new Uint8Array(8);
  it.each([
    ['nothing', new ArrayBuffer(0), 'shorter than its own length field'],
    [
      'a length that runs past the end',
      new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0]).buffer,
      'ends before its header',
    ],
    ['text that is no JSON', frameOf('{"message":'), 'not JSON'],
    ['a header without arrays', frameOf({ message: 1 }), 'does not list'],
    ['a header that is a list', frameOf([1]), 'does not list'],
    ['null for an entry', frameOf({ message: null, arrays: [null] }), 'not a kind'],
    ['an unknown kind', frameOf({ message: { x: null }, arrays: [{ ...one, kind: 'Foo' }] }, eight), '"Foo"'],
    [
      'an inherited kind',
      frameOf({ message: { x: null }, arrays: [{ ...one, kind: 'toString' }] }, eight),
      'not a kind',
    ],
    ['a negative length', frameOf({ message: { x: null }, arrays: [{ ...one, length: -1 }] }, eight), 'no length'],
    ['a broken length', frameOf({ message: { x: null }, arrays: [{ ...one, length: 0.5 }] }, eight), 'no length'],
    [
      'a length beyond memory',
      frameOf({ message: { x: null }, arrays: [{ ...one, length: 2 ** 50 }] }, eight),
      'ends before',
    ],
    ['an array cut short', frameOf({ message: { x: null }, arrays: [one] }), 'ends before its Float64Array'],
    ['bytes behind the end', frameOf({ message: {}, arrays: [] }, eight), '8 bytes follow'],
    ['no path', frameOf({ message: { x: null }, arrays: [{ ...one, path: [] }] }, eight), 'no path'],
    [
      'a path outside the message',
      frameOf({ message: null, arrays: [{ ...one, path: ['arrays'] }] }, eight),
      'no path',
    ],
    ['a path to nowhere', frameOf({ message: {}, arrays: [one] }, eight), 'does not have'],
    [
      'a path through a text',
      frameOf({ message: { x: 'ab' }, arrays: [{ ...one, path: ['message', 'x', 0] }] }, eight),
      'does not have',
    ],
    ['a place that is taken', frameOf({ message: { x: 5 }, arrays: [one] }, eight), 'taken'],
    ['the same place twice', frameOf({ message: { x: null }, arrays: [one, one] }, new Uint8Array(16)), 'taken'],
  ])('%s', (_what, frame, expected) => {
    expect(reason(() => decode(frame))).toContain(expected);
  });

  it('a path into a prototype', () => {
    const path = ['message', '__proto__', 'polluted'];
    const frame = frameOf({ message: {}, arrays: [{ ...one, path }] }, eight);
    expect(reason(() => decode(frame))).toContain('does not have');
    expect('polluted' in {}).toBe(false);
  });

  it('bytes that are not UTF-8', () => {
    const frame = new Uint8Array(16);
    new DataView(frame.buffer).setUint32(0, 12, true);
    frame.fill(0xff, 4);
    expect(reason(() => decode(frame.buffer))).toContain('not JSON in UTF-8');
  });

  it('any frame with one byte changed is decoded or refused, never anything else', () => {
    const frame = encode({
      type: 'RAW',
      rows: [new Float64Array([1, 2]), { name: 'chat', codes: new Uint32Array(3) }],
    });
    for (let index = 0; index < frame.length; index += 1) {
      for (const flip of [1, 0x80, 0xff]) {
        const damaged = frame.slice();
        damaged[index]! ^= flip;
        reason(() => decode(damaged.buffer));
      }
    }
  });

  it('any frame cut short is refused', () => {
    const frame = encode({ rows: [new Float64Array([1, 2])], name: 'chat' });
    for (let length = 0; length < frame.length; length += 1) {
      expect(reason(() => decode(frame.buffer.slice(0, length)))).not.toBe('accepted');
    }
  });
});
