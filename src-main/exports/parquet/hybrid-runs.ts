const GROUP = 8;
/** Groups that a header of one byte can count. */
const MOST_GROUPS = 63;
/** Widest value whose bits still fit a 32-bit number beside the seven that wait for their byte. */
export const WIDEST_BITS = 24;

/** Bits that hold the numbers from 0 to below `count`. */
export const bitsFor = (count: number): number => 32 - Math.clz32(Math.max(0, count - 1));

/**
 * The first `count` of whole numbers as Parquet's run length and bit-packing hybrid: eight and more equal ones are a run,
 * others stand packed in groups of eight, of which the last is filled up with zeros. `bits`: of a value, at most WIDEST_BITS.
 * Source: Apache Parquet format, Encodings.md, RLE = 3.
 */
export function hybridRuns(values: Uint32Array | Uint8Array, count: number, bits: number): Uint8Array {
  // A run of eight has at most five bytes of header and four of value, a group its bits and its share of a header.
  const out = new Uint8Array(Math.ceil(count / GROUP) * Math.max(bits + 1, GROUP + 1) + GROUP);
  const bytesOfRun = Math.ceil(bits / 8);
  let length = 0;
  /** Where the header of the groups under way stands; -1 = none are. */
  let header = -1;
  let groups = 0;
  for (let at = 0; at < count;) {
    const value = values[at] as number;
    let until = at + 1;
    while (until < count && values[until] === value) until += 1;
    if (until - at >= GROUP) {
      header = -1;
      for (let left = (until - at) * 2; ; left = Math.floor(left / 128)) {
        out[length++] = left < 128 ? left : (left % 128) | 128;
        if (left < 128) break;
      }
      for (let byte = 0; byte < bytesOfRun; byte += 1) out[length++] = (value >>> (8 * byte)) & 255;
      at = until;
      continue;
    }
    if (header < 0 || groups === MOST_GROUPS) {
      header = length++;
      groups = 0;
    }
    groups += 1;
    out[header] = (groups << 1) | 1;
    let waiting = 0;
    let waitingBits = 0;
    for (let place = at; place < at + GROUP; place += 1) {
      waiting |= (place < count ? (values[place] as number) : 0) << waitingBits;
      waitingBits += bits;
      while (waitingBits >= 8) {
        out[length++] = waiting & 255;
        waiting >>>= 8;
        waitingBits -= 8;
      }
    }
    at += GROUP;
  }
  return out.subarray(0, length);
}
