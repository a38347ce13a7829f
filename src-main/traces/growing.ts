/** Columns of which nobody knows the length yet. */
const FIRST_LENGTH = 1024;

type Column = Float64Array | Uint32Array;

/** Numbers put one behind another into a typed array that doubles. */
export class Growing<Values extends Column> {
  length = 0;
  #values: Values;
  readonly #make: (length: number) => Values;

  constructor(make: (length: number) => Values) {
    this.#make = make;
    this.#values = make(FIRST_LENGTH);
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const longer = this.#make(2 * this.length);
      longer.set(this.#values);
      this.#values = longer;
    }
    this.#values[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#values[index] ?? NaN;
  }

  /** The numbers so far, not a copy. */
  get values(): Values {
    return this.#values.subarray(0, this.length) as Values;
  }
}

export const growingFloats = (): Growing<Float64Array> => new Growing((length) => new Float64Array(length));
export const growingCounts = (): Growing<Uint32Array> => new Growing((length) => new Uint32Array(length));
