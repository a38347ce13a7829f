import { CommandRegistry } from '../commands/registry.svelte.ts';
import type { Connection } from '../platform/connect.ts';
import type { RunEntry } from '../../src-worker/protocol/app-api.ts';
import { LiveAnswer } from './live-answer.svelte.ts';
import { RunList } from './run-list.svelte.ts';
import { Session } from './session.svelte.ts';
import { defaultFormValues, readForm, type FormReading, type FormValues } from './form-reading.ts';
import { SweepRun } from './sweep-run.svelte.ts';
import type { SweepAxes } from './sweep-spec.ts';

export type Screen = 'start' | 'size' | 'sweep' | 'runs' | 'components';
/** What is open under Size: the form with its answer, all results, or one configuration. */
export type SizeView = 'answer' | 'results' | 'detail';

/** The model a new window starts with, where the catalog has it: small, widely known, runs on most of the hardware. */
const FIRST_MODEL = 'meta-llama/Llama-3.1-8B-Instruct';

/** Everything the window holds while it is open; screens come and go, this stays. */
export class Workspace {
  readonly session: Session;
  readonly answer: LiveAnswer;
  readonly sweep: SweepRun;
  readonly runs: RunList;

  readonly commands = new CommandRegistry();

  screen = $state<Screen>('size');
  sizeView = $state<SizeView>('answer');
  /** Configuration that is open under Size, Detail. */
  detailId = $state<string | null>(null);
  form = $state<FormValues>(defaultFormValues());
  axes = $state<SweepAxes>({ usersText: '10..100:10', quantization: [], zones: { kind: 'none' } });
  reading: FormReading = $derived(readForm(this.form));
  /** The outcome of saving the present answer as a run. */
  saved = $state.raw<{ kind: 'saved'; run: RunEntry } | { kind: 'problem'; sentence: string } | null>(null);

  constructor(connect: () => Promise<Connection>) {
    this.session = new Session(connect);
    const { session } = this;
    this.answer = new LiveAnswer((request) => session.ask((api) => api.size(request)));
    this.sweep = new SweepRun(session.ask.bind(session), (listener) => session.onProgress(listener));
    this.runs = new RunList(session.ask.bind(session));
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

  /** Fills what the host decides: the first model and the first workload. */
  adoptDefaults(): void {
    const usable = this.session.models.filter((model) => model.supported && model.alias_of === null);
    if (this.form.model === '') {
      this.form.model = (usable.find((model) => model.id === FIRST_MODEL) ?? usable[0])?.id ?? '';
    }
    const { workloads } = this.session;
    if (workloads.length > 0 && !workloads.some((entry) => entry.name === this.form.workload)) {
      this.form.workload = workloads[0]?.name ?? this.form.workload;
    }
  }

  async saveAnswer(): Promise<void> {
    const { reading } = this;
    if (reading.kind !== 'ready') return;
    const result = await this.session.ask((api) => api.saveSizeRun(reading.request, ''));
    this.saved = result.ok ? { kind: 'saved', run: result.value } : { kind: 'problem', sentence: result.error.message };
  }
}
