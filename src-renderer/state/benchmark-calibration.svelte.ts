import type { AccuracyDocument, MeasurementText } from '../../src-worker/protocol/accuracy.ts';
import type { ProgressEvent } from '../../src-worker/protocol/app-api.ts';
import type { BenchmarkFileDraft, BenchmarkImport, BenchmarkSetup } from '../../src-worker/protocol/benchmark-api.ts';
import type { CalibrationDocument } from '../../src-worker/protocol/calibration.ts';
import { MAX_CATALOG_BYTES } from '../../src-worker/protocol/catalog-api.ts';
import { formatFixed } from '../../src-worker/protocol/numbers.ts';
import type { ProfileShelf } from './profile-shelf.svelte.ts';
import type { Session } from './session.svelte.ts';

/** A field is typed letter by letter; the files are read anew once that rests. */
const REST_MS = 300;
/** What one message to a host holds; the command line takes larger files. */
const MAX_FILES_BYTES = MAX_CATALOG_BYTES;
/** Fewer measurements move a profile little. */
export const FEW_ROWS = 8;

export type SetupText = Record<'model' | 'gpu' | 'tp' | 'quantization' | 'engine', string>;
const AS_THE_FILES_SAY: SetupText = { model: '', gpu: '', tp: '', quantization: '', engine: '' };

/** A measurement file names its columns in the first line; results of other programs have no such line. */
const isMeasurementFile = (text: string): boolean => /^\uFEFF?[^\n{[]*\bpoint_id\b[^\n]*,/.test(text);

/** The files of a benchmark on their way to a profile: what came in, the errors before, the fit, the errors after. */
export class BenchmarkCalibration {
  isOpen = $state(false);
  /** Result files of other programs. */
  results = $state.raw<BenchmarkFileDraft[]>([]);
  /** Measurement files, which say everything themselves. */
  measured = $state.raw<MeasurementText[]>([]);
  setup = $state<SetupText>({ ...AS_THE_FILES_SAY });
  /** What came in of the result files; stays while they are read anew. */
  imported = $state.raw<BenchmarkImport | null>(null);
  /** The rows under the profile in use, before anything is moved. */
  before = $state.raw<AccuracyDocument | null>(null);
  /** Why something was not done; empty when it was. */
  problem = $state('');
  isReading = $state(false);
  name = $state('');
  /** null while nothing is fitted. */
  progress = $state.raw<{ done: number; total: number } | null>(null);
  isStopping = $state(false);
  /** The profile that was made; it is kept and not in use. */
  made = $state.raw<CalibrationDocument | null>(null);

  readonly hasFiles: boolean = $derived(this.results.length + this.measured.length > 0);
  /** Loads the rows were measured under. */
  readonly loads: number = $derived(numLoads(this.before));
  /** Why a profile of that name cannot be made; empty when it can. */
  readonly nameProblem: string = $derived.by(() => {
    if (!/^[a-z0-9][a-z0-9.-]*$/.test(this.name)) return 'Use lower case letters, digits, "-" and ".".';
    const taken = this.profiles.entries.find(({ name }) => name === this.name);
    if (!taken) return '';
    return taken.isOwn
      ? 'You have a profile of that name: choose another, or remove that one first.'
      : 'A profile that ships with the program has that name: choose another.';
  });

  readonly profiles: ProfileShelf;
  readonly #session: Session;
  #asked = 0;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #taskId = '';
  /** What the name was filled in with. */
  #suggested = '';

  constructor(session: Session, profiles: ProfileShelf) {
    this.#session = session;
    this.profiles = profiles;
    session.onProgress((event) => this.#receive(event));
  }

  /** Files are looked at by what they hold, whatever they are called. They take the place of earlier ones. */
  async takeFiles(files: readonly File[]): Promise<void> {
    if (files.length === 0 || this.progress) return;
    this.clear();
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    if (bytes > MAX_FILES_BYTES) {
      const [size, most] = [bytes, MAX_FILES_BYTES].map((count) => `${formatFixed(count / 1e6)} MB`);
      this.problem = `These files have ${size}; the window takes ${most} at once. The command configiq import-benchmark takes larger ones.`;
      return;
    }
    const asked = this.#asked;
    const read = await Promise.all(files.map(readText));
    if (asked !== this.#asked) return;
    const unread = read.flatMap((file) => (file.text === null ? [file.name] : []));
    const texts = read.flatMap(({ name, text }) => (text === null ? [] : [{ name, text }]));
    this.measured = texts.filter(({ text }) => isMeasurementFile(text));
    this.results = texts
      .filter(({ text }) => !isMeasurementFile(text))
      .map(({ name, text }) => ({ fileName: name, text }));
    if (unread.length > 0)
      this.problem = `${unread.join(', ')} cannot be read. Drop the files themselves, not a folder.`;
    if (this.hasFiles) await this.#look();
  }

  /** What the result files do not say, for all of their rows; empty = as they say. */
  setSetup(part: Partial<SetupText>): void {
    this.setup = { ...this.setup, ...part };
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => void this.#look(), REST_MS);
  }

  /** Fits and keeps a profile, and does not use it yet. What goes wrong or is cancelled keeps nothing. */
  async calibrate(): Promise<void> {
    if (this.before === null || this.progress || this.nameProblem !== '') return;
    this.#taskId = crypto.randomUUID();
    const draft = { taskId: this.#taskId, name: this.name, measurements: this.#texts(), save: true };
    this.problem = '';
    this.progress = { done: 0, total: 0 };
    const result = await this.#session.ask((api) =>
      api.calibrate({ ...draft, base: this.before?.calibration ?? null }),
    );
    this.progress = null;
    this.isStopping = false;
    if (result.ok) {
      this.made = result.value;
      await this.profiles.load();
    } else this.problem = result.error.message;
  }

  /** The fit ends between two steps. */
  async stop(): Promise<void> {
    if (!this.progress) return;
    this.isStopping = true;
    await this.#session.ask((api) => api.cancelTask(this.#taskId));
  }

  /** Forgets the files and what came of them; a profile that was made stays. */
  clear(): void {
    clearTimeout(this.#rest);
    this.#asked += 1;
    this.results = [];
    this.measured = [];
    this.setup = { ...AS_THE_FILES_SAY };
    this.imported = null;
    this.before = null;
    this.problem = '';
    this.isReading = false;
    this.made = null;
    this.name = '';
    this.#suggested = '';
  }

  /** Compares anew, where another profile came into use since. */
  async refresh(): Promise<void> {
    const isOther = this.before !== null && this.before.calibration !== this.profiles.inUse?.name;
    if (isOther && this.made === null && !this.progress) await this.#look();
  }

  #texts(): MeasurementText[] {
    const { imported } = this;
    const ofResults = imported && imported.rows.length > 0 ? [{ name: 'results.csv', text: imported.csv }] : [];
    return [...this.measured, ...ofResults];
  }

  async #look(): Promise<void> {
    clearTimeout(this.#rest);
    this.#asked += 1;
    const asked = this.#asked;
    this.isReading = true;
    const problem = await this.#read(asked);
    if (asked !== this.#asked) return;
    this.isReading = false;
    this.problem = problem;
    // A name that somebody typed stays.
    if (this.before && this.before.points.length > 0 && this.name === this.#suggested) {
      this.#suggested = freeName(this.before, this.profiles);
      this.name = this.#suggested;
    }
  }

  /** Answers with the sentence of what went wrong, empty when nothing did. */
  async #read(asked: number): Promise<string> {
    if (this.results.length > 0) {
      const tp = this.setup.tp.trim();
      if (tp !== '' && !/^[1-9]\d*$/.test(tp)) return `TP is a whole number of GPUs, such as 4, not "${tp}".`;
      const request = { files: this.results, setup: setupOf(this.setup) };
      const found = await this.#session.ask((api) => api.importBenchmark(request));
      if (asked !== this.#asked) return '';
      if (!found.ok) return found.error.message;
      this.imported = found.value;
    }
    const measurements = this.#texts();
    if (measurements.length === 0) {
      this.before = null;
      return '';
    }
    const compared = await this.#session.ask((api) => api.accuracy({ calibration: null, measurements }));
    if (asked !== this.#asked) return '';
    this.before = compared.ok ? compared.value : null;
    return compared.ok ? '' : compared.error.message;
  }

  #receive({ type, taskId, done, total }: ProgressEvent): void {
    if (type === 'configiq:progress' && taskId === this.#taskId && this.progress) this.progress = { done, total };
  }
}

const numLoads = (document: AccuracyDocument | null): number => new Set(document?.points.map(({ load }) => load)).size;

async function readText(file: File): Promise<{ name: string; text: string | null }> {
  try {
    return { name: file.name, text: await file.text() };
  } catch (thrown) {
    // A folder, or a file that has gone meanwhile.
    if (!(thrown instanceof DOMException)) throw thrown;
    return { name: file.name, text: null };
  }
}

function setupOf({ model, gpu, tp, quantization, engine }: SetupText): BenchmarkSetup {
  const [modelGiven, gpuGiven, quantizationGiven, engineGiven] = [model, gpu, quantization, engine].map(
    (text) => text.trim() || null,
  );
  return {
    model: modelGiven ?? null,
    gpu: gpuGiven ?? null,
    tp: tp.trim() === '' ? null : Number(tp),
    pp: null,
    dp: null,
    quantization: quantizationGiven ?? null,
    engine: engineGiven ?? null,
  };
}

/** `our-h100`, or with a number where that is taken. */
function freeName({ points }: AccuracyDocument, { entries }: ProfileShelf): string {
  const gpus = new Set(points.map(({ gpu }) => gpu.replace(/^(nvidia|amd|intel|google)-/, '').split('-')[0] ?? gpu));
  const [gpu = 'servers'] = gpus.size === 1 ? gpus : [];
  const wanted = `our-${gpu.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '')}`;
  const isTaken = (name: string): boolean => entries.some((entry) => entry.name === name);
  let name = wanted;
  for (let number = 2; isTaken(name); number += 1) name = `${wanted}-${number}`;
  return name;
}
