import type { AppApi } from '../../../src-worker/protocol/app-api.ts';
import type { ExplainDocument, Explanation } from '../../../src-worker/protocol/documents.ts';
import type { Result } from '../../../src-worker/protocol/result.ts';
import type { ExplainContext } from '../explain-context.ts';

type Ask = <Value>(call: (api: AppApi) => Promise<Result<Value>>) => Promise<Result<Value>>;
/** The question whose answer is on screen; null while there is none. */
type Question = () => Record<string, unknown> | null;

/** What is known of a figure so far. */
export type Told =
  | { kind: 'asked' }
  | { kind: 'explained'; explanation: Explanation; configuration: ExplainDocument['configuration'] }
  | { kind: 'problem'; sentence: string };

/** A figure that is being explained. */
export interface Subject {
  /** Of the figure in the answer to one question. */
  key: string;
  metricId: string;
  /** The question it answers, as text. */
  question: string;
  /** Gets the focus back. */
  anchor: HTMLElement;
  told: Told;
}

/** Answers that are kept: the configurations one goes back and forth between. */
const MOST_KEPT = 20;

/** What the window explains at present: at most one figure beside itself, and those that were pinned. */
export class ExplainPanel implements ExplainContext {
  /** Stays when the popover closes, so that the popover knows where the focus belongs. */
  current = $state.raw<Subject | null>(null);
  isOpen = $state(false);
  pinned = $state.raw<Subject[]>([]);

  readonly #ask: Ask;
  readonly #question: Question;
  /** By question and configuration: one answer explains every figure. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing on screen depends on what is kept
  readonly #answers = new Map<string, Promise<Result<ExplainDocument>>>();

  constructor(ask: Ask, question: Question) {
    this.#ask = ask;
    this.#question = question;
  }

  open(
    metricId: string,
    configurationId: string,
    anchor: HTMLElement,
    question: Record<string, unknown> | null = this.#question(),
  ): void {
    const answerKey = JSON.stringify([question, configurationId]);
    const key = `${metricId} ${answerKey}`;
    const subject = { key, metricId, anchor, question: JSON.stringify(question) };
    this.isOpen = true;
    if (!question) {
      const sentence = 'There is no answer whose figures could be explained.';
      this.current = { ...subject, told: { kind: 'problem', sentence } };
      return;
    }
    this.current = { ...subject, told: { kind: 'asked' } };
    void this.#tell(key, metricId, this.#answer(answerKey, question, configurationId));
  }

  /** The figure beside which something is explained moves to those that stay. */
  pin(): void {
    const { current } = this;
    if (!current) return;
    this.pinned = [...this.pinned.filter(({ key }) => key !== current.key), current];
    this.isOpen = false;
  }

  unpin(key: string): void {
    this.pinned = this.pinned.filter((subject) => subject.key !== key);
  }

  unpinAll(): void {
    this.pinned = [];
  }

  /** The catalogs were changed: whatever is explained is asked anew. */
  refresh(): void {
    this.#answers.clear();
    const { current, pinned } = this;
    for (const { key, metricId } of current ? [current, ...pinned] : pinned) {
      const answerKey = key.slice(metricId.length + 1);
      const [question, configuration] = JSON.parse(answerKey) as [Record<string, unknown> | null, string];
      if (question) void this.#tell(key, metricId, this.#answer(answerKey, question, configuration));
    }
  }

  /** False once another question is answered on screen: what was pinned then tells of figures that are gone. */
  isOfShownAnswer({ question }: Subject): boolean {
    return JSON.stringify(this.#question()) === question;
  }

  #answer(key: string, question: Record<string, unknown>, configuration: string): Promise<Result<ExplainDocument>> {
    const kept = this.#answers.get(key);
    if (kept) return kept;
    // The input of a document is a checked question; the host checks it again.
    const asked = question as { model: string };
    const answer = this.#ask((api) => api.explain({ question: asked, configuration }));
    this.#answers.set(key, answer);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > MOST_KEPT && oldest !== undefined) this.#answers.delete(oldest);
    void answer.then(({ ok }) => {
      // What went wrong may go well the next time.
      if (!ok) this.#answers.delete(key);
    });
    return answer;
  }

  async #tell(key: string, metricId: string, answer: Promise<Result<ExplainDocument>>): Promise<void> {
    const told = toldOf(metricId, await answer);
    const withAnswer = (subject: Subject): Subject => (subject.key === key ? { ...subject, told } : subject);
    if (this.current) this.current = withAnswer(this.current);
    this.pinned = this.pinned.map(withAnswer);
  }
}

function toldOf(metricId: string, result: Result<ExplainDocument>): Told {
  if (!result.ok) return { kind: 'problem', sentence: result.error.message };
  const { explanations, configuration } = result.value;
  const explanation = explanations.find((entry) => entry.metric === metricId);
  if (!explanation) return { kind: 'problem', sentence: 'The host says nothing of this figure.' };
  return { kind: 'explained', explanation, configuration };
}
