import { describe, expect, test } from 'vitest';
import { EditHistory } from '../../../src-renderer/state/edit-history.svelte.ts';
import { editWords } from '../../../src-renderer/state/edit-words.ts';

interface State {
  form: { texts: { users: string; rate: string }; headroom: number };
}

const state = (users: string, headroom = 25, rate = ''): State => ({ form: { texts: { users, rate }, headroom } });
const history = (present = state('100')) =>
  new EditHistory<State>(present, { words: editWords, isTyped: (path) => path.startsWith('form.texts.') });

describe('typing', () => {
  test('in one field without a pause is one step, from before the first letter to after the last', () => {
    const edits = history();
    edits.record(state('10'), null, 1000);
    edits.record(state('1'), null, 1300);
    edits.record(state('15'), null, 2000);
    expect(edits.undoWords).toBe('Users 100 → 15');
    expect(edits.undo()?.state).toEqual(state('100'));
    expect(edits.canUndo).toBe(false);
    expect(edits.redo()?.state).toEqual(state('15'));
  });

  test('after a pause of more than 800 ms it is another step', () => {
    const edits = history();
    edits.record(state('10'), null, 1000);
    edits.record(state('1'), null, 1800);
    edits.record(state('12'), null, 2601);
    expect(edits.undo()?.state).toEqual(state('1'));
    expect(edits.undo()?.state).toEqual(state('100'));
  });

  test('in another field it is another step, and so is coming back to the first', () => {
    const edits = history();
    edits.record(state('10'), null, 0);
    edits.record(state('10', 25, '5'), null, 10);
    edits.record(state('1', 25, '5'), null, 20);
    expect(edits.undo()?.state).toEqual(state('10', 25, '5'));
    expect(edits.undo()?.state).toEqual(state('10'));
  });

  test('what was typed and deleted again is no step', () => {
    const edits = history();
    edits.record(state('1000'), null, 0);
    edits.record(state('100'), null, 100);
    expect(edits.canUndo).toBe(false);
  });

  test('goes on as a new step after it was taken back', () => {
    const edits = history();
    edits.record(state('1'), null, 0);
    edits.undo();
    edits.record(state('10'), null, 100);
    expect(edits.undo()?.state).toEqual(state('100'));
  });
});

describe('steps', () => {
  test('a choice is a step each time, however fast', () => {
    const edits = history();
    edits.record(state('100', 50), null, 0);
    edits.record(state('100', 0), null, 1);
    expect(edits.undo()?.state).toEqual(state('100', 50));
  });

  test('several fields at once are one step; a named one is called by its name', () => {
    const edits = history();
    edits.record(state('50', 0));
    expect(edits.undoWords).toBe('2 fields of the question');
    edits.record(state('60', 0), 'sample Chat');
    expect(edits.undoWords).toBe('sample Chat');
    edits.record(state('61', 0));
    expect(edits.undo()?.words).toBe('Users 60 → 61');
  });

  test('the same state again is no step', () => {
    const edits = history();
    expect(edits.record(state('100'))).toBe(false);
    expect(edits.canUndo).toBe(false);
  });

  test('a new edit clears what could have been made again', () => {
    const edits = history();
    edits.record(state('1'), 'first');
    edits.undo();
    edits.record(state('2'), 'second');
    expect(edits.canRedo).toBe(false);
    expect(edits.redo()).toBeNull();
  });

  test('law: as many undos as edits lead back to the start, as many redos to the end, through the same states', () => {
    const edits = history(state('0'));
    const states = Array.from({ length: 250 }, (_, index) => state(String(index + 1)));
    states.forEach((next, index) => edits.record(next, `edit ${index}`));
    const back = states.map(() => edits.undo()?.state);
    expect(back).toEqual([state('0'), ...states.slice(0, -1)].reverse());
    expect(states.map(() => edits.redo()?.state)).toEqual(states);
  });

  test('what the host fills in belongs to no step', () => {
    const edits = history(state(''));
    edits.rebase(state('100'));
    edits.record(state('200'), null, 0);
    expect(edits.undo()?.state).toEqual(state('100'));
    expect(edits.canUndo).toBe(false);
  });
});

test.each([
  [{ path: 'form.quantization', before: [], after: ['fp8', 'fp16'] }, 'Precision none named → FP8, FP16'],
  [{ path: 'form.targets.ttft_p95', before: undefined, after: '640' }, 'TTFT P95 target default → 640'],
  [{ path: 'form.usesPrefixCache', before: true, after: false }, 'Prefix caching on → off'],
  [{ path: 'axes.usersText', before: '1', after: '2' }, 'axes of the sweep'],
])('%o reads as %s', (change, words) => {
  expect(editWords([change])).toBe(words);
});
