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
/** Fewer measurements say little, of whatever they move. */
export const FEW_ROWS = 8;

export type SetupText = Record<'model' | 'gpu' | 'tp' | 'quantization' | 'engine', string>;
const AS_THE_FILES_SAY: SetupText = { model: '', gpu: '', tp: '', quantization: '', engine: '' };

/** inference-perf says in such a file, beside its results, how they were made; the command line finds it by this name. */
const RUN_CONFIG_NAME = /^config\.ya?ml$/i;
/** The same under another name. */
const isRunConfig = ({ name, text }: TextFile): boolean =>
  RUN_CONFIG_NAME.test(name) || (/^load:/m.test(text) && /^server:/m.test(text));
/** Larger is none. */
const MAX_RUN_CONFIG_BYTES = 1_000_000;

interface TextFile {
  /** Where the window was told; files that were dropped one by one have none. */
  folder: string;
  name: string;
  text: string;
}

/** A measurement file names its columns in the first line; results of other programs have no such line. */
const isMeasurementFile = (text: string): boolean => /^\uFEFF?[^\n{[]*\bpoint_id\b[^\n]*,/.test(text);

/** The files of a benchmark on their way to a profile: what came in, the errors before, the fit, the errors after. */
export class BenchmarkCalibration {
  isOpen = $state(false);
  /** Result files of other programs. */
  results = $state.raw<BenchmarkFileDraft[]>([]);
  /** Measurement files, which say everything themselves. */
  measured = $state.raw<MeasurementText[]>([]);
  /** Names of files that only say how the results were made. */
  configs = $state.raw<string[]>([]);
  setup = $state<SetupText>({ ...AS_THE_FILES_SAY });
  /** What came in of the result files; stays while they are read anew. */
  imported = $state.raw<BenchmarkImport | null>(null);
  /** The rows under the profile in use, before anything is moved. */
  before = $state.raw<AccuracyDocument | null>(null);
  /** What of the files could not be used as it lies there; empty when all could. Stays while the others are read. */
  fileProblem = $state('');
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
    const unread = read.flatMap(({ name, text }) => (text === null ? [name] : []));
    const texts = read.flatMap(({ text, ...file }) => (text === null ? [] : [{ ...file, text }]));
    const { measured = [], others = [] } = Object.groupBy(texts, ({ text }) =>
      isMeasurementFile(text) ? 'measured' : 'others',
    );
    const { results, configs, problem } = withConfigs(others);
    this.measured = measured.map(({ name, text }) => ({ name, text }));
    this.results = results;
    this.configs = configs;
    const unreadWords =
      unread.length === 0 ? '' : `${unread.join(', ')} cannot be read. Drop the files themselves, not a folder.`;
    this.fileProblem = [unreadWords, problem].filter((sentence) => sentence !== '').join(' ');
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
    this.configs = [];
    this.setup = { ...AS_THE_FILES_SAY };
    this.imported = null;
    this.before = null;
    this.fileProblem = '';
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

async function readText(file: File): Promise<Omit<TextFile, 'text'> & { text: string | null }> {
  const { name, webkitRelativePath: path = '' } = file;
  const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  try {
    return { folder, name, text: await file.text() };
  } catch (thrown) {
    // A folder, or a file that has gone meanwhile.
    if (!(thrown instanceof DOMException)) throw thrown;
    return { folder, name, text: null };
  }
}

/** Gives every result the configuration of its folder, which is no result itself as long as there is one. */
function withConfigs(files: readonly TextFile[]): {
  results: BenchmarkFileDraft[];
  configs: string[];
  problem: string;
} {
  const { configs = [], results = [] } = Object.groupBy(files, (file) => (isRunConfig(file) ? 'configs' : 'results'));
  const draftOf = ({ name, text }: TextFile): BenchmarkFileDraft => ({ fileName: name, text });
  if (results.length === 0) return { results: configs.map(draftOf), configs: [], problem: '' };
  const byFolder = Map.groupBy(
    configs.filter(({ text }) => text.length <= MAX_RUN_CONFIG_BYTES),
    ({ folder }) => folder,
  );
  // Dropped one by one, files do not say where they lay: of two configurations nobody knows whose each is.
  const isPlain = ({ folder }: TextFile): boolean => byFolder.get(folder)?.length === 1;
  const unclear = [...byFolder.values()].some((same) => same.length > 1);
  return {
    results: results.map((file) =>
      isPlain(file) ? { ...draftOf(file), beside: byFolder.get(file.folder)?.map(draftOf) } : draftOf(file),
    ),
    configs: configs.map(({ name }) => name),
    problem: unclear
      ? 'Several configurations of runs came together, and which results belong to which is not known: drop the files of one folder at a time.'
      : '',
  };
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
