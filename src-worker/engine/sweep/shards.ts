/** One of several machines, 1-based: `{ index: 2, of: 4 }`. */
export interface Shard {
  index: number;
  of: number;
}

/** What dealing must know of a unit. */
interface DealtUnit {
  /** Units of one input share its capacity search. The same object in all of them. */
  input: object;
  /** Expected cost, in rows. */
  weight: number;
}

/**
 * With so many inputs to a shard whole inputs are dealt: the heaviest shard then has at most a quarter more than the mean where
 * inputs are alike, and no search is done twice. With fewer, units are.
 */
export const INPUTS_PER_SHARD = 4;

/**
 * The shard (0-based) of each unit, in the order of the units: every unit in exactly one, the same on every machine.
 *
 * From `INPUTS_PER_SHARD` inputs to a shard on, whole inputs are dealt, the heaviest first, each to the shard that has the least
 * (Graham's longest-processing-time rule: at most 4/3 of the best deal; SIAM J. Appl. Math. 17, 1969). Inputs of one weight come in the
 * order of a hash of their place: dealt in the order of the axes, one shard of four would get all of one precision of four, and what a search
 * costs depends on the precision. With fewer inputs, each shard gets a run of units that follow each other, cut where the weight is
 * shared evenly: at most `of - 1` inputs are searched twice. Shards beyond the units stay empty.
 */
export function dealUnits(units: readonly DealtUnit[], of: number): number[] {
  const inputs = new Map<object, { weight: number; place: number }>();
  for (const { input, weight } of units) {
    const known = inputs.get(input);
    if (known) known.weight += weight;
    else inputs.set(input, { weight, place: inputs.size });
  }
  if (inputs.size < INPUTS_PER_SHARD * of) return runsOfUnits(units, of);
  const shardOfInput = dealInputs([...inputs.values()], of);
  return units.map(({ input }) => shardOfInput[inputs.get(input)?.place ?? 0] ?? 0);
}

/** The shard of each input, by its place. */
function dealInputs(inputs: readonly { weight: number; place: number }[], of: number): number[] {
  const order = [...inputs].sort(
    (one, other) => other.weight - one.weight || mixed(one.place) - mixed(other.place) || one.place - other.place,
  );
  const heap = Array.from({ length: of }, (_, shard) => ({ shard, weight: 0 }));
  const shards = new Array<number>(inputs.length).fill(0);
  for (const { place, weight } of order) {
    const least = heap[0];
    if (!least) break;
    shards[place] = least.shard;
    least.weight += weight;
    sink(heap);
  }
  return shards;
}

/** Puts the first of a binary heap (least weight first, then least shard) in its place after it has grown. */
function sink(heap: { shard: number; weight: number }[]): void {
  const isBefore = (one: (typeof heap)[number], other: (typeof heap)[number]) =>
    one.weight < other.weight || (one.weight === other.weight && one.shard < other.shard);
  for (let at = 0; ;) {
    let least = at;
    for (const child of [2 * at + 1, 2 * at + 2]) {
      const [below, above] = [heap[child], heap[least]];
      if (below && above && isBefore(below, above)) least = child;
    }
    const [moved, risen] = [heap[at], heap[least]];
    if (least === at || !moved || !risen) return;
    heap[at] = risen;
    heap[least] = moved;
    at = least;
  }
}

/** Each unit goes where its middle falls among `of` equal shares of the weight. */
function runsOfUnits(units: readonly DealtUnit[], of: number): number[] {
  const total = units.reduce((sum, { weight }) => sum + weight, 0);
  let before = 0;
  return units.map(({ weight }) => {
    const middle = before + weight / 2;
    before += weight;
    return Math.min(of - 1, Math.floor((middle / total) * of));
  });
}

/** Scatters whole numbers over 32 bits: the finalizer of MurmurHash3 (Appleby, public domain). */
function mixed(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
