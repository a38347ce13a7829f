import { ZodError } from 'zod';
import { CommandRegistry } from '../commands/registry.svelte.ts';
import type { Connection } from '../platform/connect.ts';
import type { RunEntry } from '../../src-worker/protocol/app-api.ts';
import type { Recommendation, Relaxation } from '../../src-worker/protocol/documents.ts';
import { configurationName } from '../../src-worker/protocol/metrics.ts';
import type { SizeInputDraft, SweepSpecDraft } from '../../src-worker/protocol/requests.ts';
import { AccuracyBoard } from './accuracy-board.svelte.ts';
import { applyRequest, formOfRequest } from './apply-request.ts';
import { BenchmarkCalibration } from './benchmark-calibration.svelte.ts';
import { CatalogShelf } from './catalog-shelf.svelte.ts';
import { DraftKeeper } from './draft-keeper.svelte.ts';
import type { Draft, Screen, SizeView } from './draft-format.ts';
import { EditHistory } from './edit-history.svelte.ts';
import { editWords } from './edit-words.ts';
import { formOfSpec, type SpecForm } from './form-of-spec.ts';
import { LiveAnswer } from './live-answer.svelte.ts';
import { ModelShelf } from './model-shelf.svelte.ts';
import { ProfileShelf } from './profile-shelf.svelte.ts';
import { RunList } from './run-list.svelte.ts';
import { Session } from './session.svelte.ts';
import { defaultFormValues, readForm, type FormReading, type FormValues } from './form-reading.ts';
import { defaultSimulateValues, type SimulateValues } from './simulate-form.ts';
import { simulateValuesOf } from './simulate-this.ts';
import { Simulation } from './simulation.svelte.ts';
import { SolvedExamples } from './solved-examples.svelte.ts';
import { specOfRun } from './sweep-result.ts';
import { SweepRun } from './sweep-run.svelte.ts';
import { defaultAxes, type SweepAxes } from './sweep-axes.ts';

export type { Screen, SizeView };

/** The model a new window starts with, where the catalog has it: small, widely known, runs on most of the hardware. */
const FIRST_MODEL = 'meta-llama/Llama-3.1-8B-Instruct';

/** What is asked; every edit of it can be taken back. */
interface Asked {
  form: FormValues;
  axes: SweepAxes;
  simulation: SimulateValues;
}

const TYPED_PATH =
  /^(form|simulation)\.texts\.|^form\.targets\.|^form\.(placeName|machines)$|^simulation\.engineVersion$/;

/** As the live answer asks it, so that what is saved is what is shown: a configuration is simulated once it is opened. */
const asAnswered = (request: SizeInputDraft): SizeInputDraft => ({ ...request, simulation_check: false });

/** null where the form cannot ask it: of another version, or with more values than a field shows. */
function specForm(spec: SweepSpecDraft): SpecForm | null {
  try {
    return formOfSpec(spec);
  } catch (thrown) {
    if (!(thrown instanceof ZodError)) throw thrown;
    return null;
  }
}

/** Everything the window holds while it is open; screens come and go, this stays. */
export class Workspace {
  readonly session: Session;
  readonly answer: LiveAnswer;
  readonly sweep: SweepRun;
  readonly runs: RunList;
  readonly catalogs: CatalogShelf;
  readonly models: ModelShelf;
  readonly accuracy: AccuracyBoard;
  readonly profiles: ProfileShelf;
  readonly benchmark: BenchmarkCalibration;
  readonly examples: SolvedExamples;
  readonly simulator: Simulation;
  readonly drafts: DraftKeeper;
  readonly commands = new CommandRegistry();

  screen = $state<Screen>('start');
  sizeView = $state<SizeView>('answer');
  /** Configuration that is open under Size, Detail. */
  detailId = $state<string | null>(null);
  form = $state<FormValues>(defaultFormValues());
  axes = $state<SweepAxes>(defaultAxes());
  /** What Simulate is asked. */
  simulation = $state<SimulateValues>(defaultSimulateValues());
  reading: FormReading = $derived(readForm(this.form));
  /** State of grids and charts that is kept with the draft, by name: plain data only. */
  view = $state<Record<string, unknown>>({});
  /** The outcome of saving the present answer as a run. */
  saved = $state.raw<{ kind: 'saved'; run: RunEntry } | { kind: 'problem'; sentence: string } | null>(null);
  /** True once it is known where the window was left; before, nothing is shown that would be replaced. */
  isRestored = $state(false);
  /** The stored sweep that was opened: what its edit is called, and what the form asked then; null = nothing could be put there. */
  openedSweep = $state.raw<{ words: string; asked: string | null } | null>(null);
  /** Where the focus goes as soon as it is there. */
  turnsTo = $state<'sweep-result' | 'sweep-progress' | null>(null);
  /** What was just done, in words, for the status bar and for those who listen. */
  announcement = $state('');

  readonly history: EditHistory<Asked>;
  /** The question that was saved, as text; an edit makes it another, and so does a change of the catalogs. */
  #savedQuestion = $state('');

  constructor(connect: () => Promise<Connection>) {
    this.session = new Session(connect);
    const { session } = this;
    const ask = session.ask.bind(session);
    this.answer = new LiveAnswer(
      (request, taskId) => session.ask((api) => api.size(asAnswered(request), taskId)),
      (taskId) => void session.ask((api) => api.cancelTask(taskId)),
    );
    session.onProgress((event) => this.answer.receive(event));
    this.sweep = new SweepRun(ask, (listener) => session.onProgress(listener));
    this.runs = new RunList(ask);
    this.catalogs = new CatalogShelf(session);
    this.models = new ModelShelf(session);
    this.accuracy = new AccuracyBoard((input) => session.ask((api) => api.accuracy(input)));
    // Whatever profile was looked at: the one in use is what has just changed.
    this.profiles = new ProfileShelf(session, this.catalogs, () => (this.accuracy.calibration = null));
    this.benchmark = new BenchmarkCalibration(session, this.profiles);
    this.examples = new SolvedExamples(ask);
    this.simulator = new Simulation(ask);
    this.drafts = new DraftKeeper(ask);
    this.history = new EditHistory(this.#asked(), { words: editWords, isTyped: (path) => TYPED_PATH.test(path) });
  }

  openResults(): void {
    this.screen = 'size';
    this.sizeView = 'results';
  }

  openDetail(configurationId: string): void {
    this.screen = 'size';
    this.sizeView = 'detail';
    this.detailId = configurationId;
  }

  openAnswer(): void {
    this.screen = 'size';
    this.sizeView = 'answer';
  }

  /** Opens a whole question, a sample or a stored one, as one edit. Throws where it is no question. */
  openQuestion(request: unknown, words = 'another question'): void {
    const form = formOfRequest(request);
    this.edit(words, () => (this.form = form));
    this.openAnswer();
  }

  /** Opens Simulate with a configuration of the answer at its planned load, as one edit. */
  simulateConfiguration(row: Recommendation): void {
    const { document } = this.answer;
    if (!document) return;
    const values = simulateValuesOf(document, row);
    this.edit(`simulate ${configurationName(row)}`, () => (this.simulation = values));
    this.screen = 'simulate';
  }

  /** Goes on with a stored sweep, and shows how far it is. */
  resumeSweep(run: RunEntry): void {
    this.screen = 'sweep';
    void this.sweep.resume(run);
  }

  /** Shows a stored sweep with all that its result can be asked, and puts its question into the form, as one edit. */
  async openSweep(run: RunEntry): Promise<void> {
    this.screen = 'sweep';
    this.turnsTo = 'sweep-result';
    this.openedSweep = null;
    await this.sweep.open(run);
    const { detail } = this.sweep;
    // Another one may have been opened meanwhile.
    if (detail?.entry.id !== run.id || this.sweep.opened?.id !== run.id) return;
    const spec = specOfRun(detail);
    const found = spec && specForm(spec);
    const words = `axes of run ${run.id}`;
    if (found) {
      this.edit(words, () => {
        this.form = found.form;
        this.axes = found.axes;
      });
    }
    this.openedSweep = { words, asked: found ? this.#sweepText() : null };
  }

  /** Whether the form asks something else than the stored sweep that is shown. */
  get isOpenedSweepEdited(): boolean {
    return this.openedSweep !== null && this.openedSweep.asked !== this.#sweepText();
  }

  /** Whether opening the sweep that is shown is the last that happened to the form. */
  get isFormOfOpenedSweep(): boolean {
    return this.openedSweep?.asked != null && this.history.undoWords === this.openedSweep.words;
  }

  #sweepText(): string {
    return JSON.stringify([this.form, this.axes]);
  }

  /** Goes on to Size with this model in the question as it stands. */
  sizeModel(id: string): void {
    this.edit(`Model ${id}`, () => (this.form.model = id));
    this.openAnswer();
  }

  /** A question with every field at its default, as one edit. */
  newSizing(): void {
    const { model } = this.form;
    this.edit('new sizing', () => (this.form = { ...defaultFormValues(), model }));
    this.openAnswer();
  }

  /** Lays keys of a question over the form, as one edit. */
  changeQuestion(keys: Partial<SizeInputDraft>, words: string): void {
    this.edit(words, () => applyRequest(this.form, keys));
  }

  /** The change to the question that a relaxation is. Its keys are those of a question: the host wrote them. */
  applyRelaxation({ set, change }: Relaxation): void {
    this.changeQuestion(set, change.replaceAll('->', '→'));
  }

  /** Makes one step of the history out of what `change` does. */
  edit(words: string, change: () => void): void {
    this.recordEdits();
    change();
    this.history.record(this.#asked(), words);
  }

  /** Takes note of what was edited since; called on every change of the form and the axes. */
  recordEdits(): void {
    this.history.record(this.#asked());
  }

  undo(): void {
    this.recordEdits();
    const step = this.history.undo();
    this.announcement = step ? `Undid: ${step.words}` : 'Nothing to undo';
    if (step) this.#restore(step.state);
  }

  redo(): void {
    this.recordEdits();
    const step = this.history.redo();
    this.announcement = step ? `Made again: ${step.words}` : 'Nothing to redo';
    if (step) this.#restore(step.state);
  }

  /** Finds out where the window was left. Once that is known, edits are recorded and kept. */
  async restore(): Promise<void> {
    if (this.isRestored) return;
    const found = await this.drafts.find(this.draft());
    if (found.kind === 'unknown') return;
    if (found.kind === 'damaged') this.session.notices = [...this.session.notices, found.sentence];
    if (found.kind === 'found') this.#open(found.draft);
    this.adoptDefaults();
    this.isRestored = true;
  }

  /** Where the window stands, to be put away. */
  draft(): Draft {
    const { screen, sizeView, detailId } = this;
    const view = $state.snapshot(this.view);
    return { ...this.#asked(), screen, sizeView, detailId, selectedId: this.answer.selectedId, view };
  }

  /** Fills what the host decides: the first model and the first workload. No edit of anybody's. */
  adoptDefaults(): void {
    this.recordEdits();
    const usable = this.session.models.filter((model) => model.supported && model.alias_of === null);
    const first = (usable.find((model) => model.id === FIRST_MODEL) ?? usable[0])?.id ?? '';
    if (this.form.model === '') {
      this.form.model = first;
    }
    if (this.simulation.model === '') this.simulation.model = first;
    const { workloads } = this.session;
    if (workloads.length > 0 && !workloads.some((entry) => entry.name === this.form.workload)) {
      this.form.workload = workloads[0]?.name ?? this.form.workload;
    }
    this.history.rebase(this.#asked());
  }

  /** Why what is shown is not the answer to the question as it stands, and cannot be saved as such; empty where it can. */
  get whyNotSaved(): string {
    const { isSimulating, isStopped, isStale, error } = this.answer;
    if (isSimulating) return 'Not saved: this question is still being simulated';
    if (isStopped) return 'Not saved: the simulation of this question was stopped; simulate it again first';
    if (error) return 'Not saved: this question has no answer';
    return isStale ? 'Not saved: this question is still being answered' : '';
  }

  async saveAnswer(): Promise<void> {
    const { reading } = this;
    if (reading.kind !== 'ready') return;
    this.announcement = this.whyNotSaved;
    if (this.announcement !== '') return;
    const request = $state.snapshot(reading.request);
    const result = await this.session.ask((api) => api.saveSizeRun(asAnswered(request), ''));
    this.saved = result.ok ? { kind: 'saved', run: result.value } : { kind: 'problem', sentence: result.error.message };
    this.announcement = result.ok ? `Saved as run ${result.value.id}` : 'Not saved';
    if (!result.ok) return;
    this.#savedQuestion = this.#questionText(request);
    void this.runs.load();
  }

  /** The run that holds the question as it stands now; null after an edit. */
  get savedRun(): RunEntry | null {
    const isSame = this.reading.kind === 'ready' && this.#questionText(this.reading.request) === this.#savedQuestion;
    return isSame && this.saved?.kind === 'saved' ? this.saved.run : null;
  }

  #questionText(request: SizeInputDraft): string {
    return JSON.stringify([this.session.catalogRevision, request]);
  }

  #asked(): Asked {
    return $state.snapshot({ form: this.form, axes: this.axes, simulation: this.simulation });
  }

  #restore({ form, axes, simulation }: Asked): void {
    // Copies: the history keeps what it has, whatever is done to the form.
    this.form = structuredClone(form);
    this.axes = structuredClone(axes);
    this.simulation = structuredClone(simulation);
  }

  #open(draft: Draft): void {
    this.#restore(draft);
    // Reading it is no edit.
    this.history.rebase(this.#asked());
    // Somebody may have gone elsewhere while the draft was on its way.
    if (this.screen === 'start') {
      this.screen = draft.screen;
      this.detailId = draft.detailId;
      this.sizeView = draft.sizeView === 'detail' && draft.detailId === null ? 'answer' : draft.sizeView;
    }
    this.answer.selectedId = draft.selectedId;
    this.view = draft.view;
  }
}
