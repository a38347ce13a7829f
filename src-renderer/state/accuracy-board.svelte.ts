import type { ErrorInfo } from '../../src-worker/engine/errors.ts';
import type { AccuracyDocument, AccuracyInput } from '../../src-worker/protocol/accuracy.ts';
import type { Result } from '../../src-worker/protocol/result.ts';

type Compare = (input: AccuracyInput) => Promise<Result<AccuracyDocument>>;

/** Predictions beside the bundled measurements. The last comparison stays until the next arrives. */
export class AccuracyBoard {
  document = $state.raw<AccuracyDocument | null>(null);
  error = $state.raw<ErrorInfo | null>(null);
  isAsking = $state(false);
  /** Profile that was asked for; null = the one in use. */
  calibration = $state<string | null>(null);

  readonly #compare: Compare;
  #asked = '';

  constructor(compare: Compare) {
    this.#compare = compare;
  }

  /** The profile that is looked at, also while its comparison is still on its way; after a failure that of what is shown. */
  get shownCalibration(): string {
    const shown = this.document?.calibration ?? '';
    return this.error !== null && !this.isAsking ? shown : (this.calibration ?? shown);
  }

  /** Compares with another profile; one that failed is tried again. */
  choose(name: string, revision: number): void {
    this.calibration = name;
    void this.load(revision);
  }

  /**
   * Compares, unless that was done already for this profile and this `revision` of the catalogs. Of several questions under
   * way only the newest is shown.
   */
  async load(revision: number): Promise<void> {
    const key = JSON.stringify([this.calibration, revision]);
    if (key === this.#asked) return;
    this.#asked = key;
    this.isAsking = true;
    const result = await this.#compare({ calibration: this.calibration, measurements: null });
    if (key !== this.#asked) return;
    this.isAsking = false;
    this.error = result.ok ? null : result.error;
    if (result.ok) this.document = result.value;
    else this.#asked = '';
  }
}
