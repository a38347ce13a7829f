/** Numbers, as many as come, of eight bytes each. */
export class GrowingNumbers {
  #values = new Float64Array(1024);
  #length = 0;

  add(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(2 * this.#length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length] = value;
    this.#length += 1;
  }

  /** All of them, in order and in place. */
  sorted(): Float64Array {
    return this.#values.subarray(0, this.#length).sort();
  }
}
