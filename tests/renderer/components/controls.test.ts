import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { createRawSnippet } from 'svelte';
import { describe, expect, test, vi } from 'vitest';
import AmountInput from '../../../src-renderer/components/AmountInput.svelte';
import Check from '../../../src-renderer/components/Check.svelte';
import { parseUsersAxis } from '../../../src-renderer/format/axis-text.ts';
import ChipsInput from '../../../src-renderer/components/ChipsInput.svelte';
import Combobox from '../../../src-renderer/components/Combobox.svelte';
import Field from '../../../src-renderer/components/Field.svelte';
import { chipLabel } from '../../../src-renderer/components/range-chip.ts';
import NameChips from '../../../src-renderer/components/NameChips.svelte';
import Segmented from '../../../src-renderer/components/Segmented.svelte';
import Select from '../../../src-renderer/components/Select.svelte';
import Slider from '../../../src-renderer/components/Slider.svelte';
import Switch from '../../../src-renderer/components/Switch.svelte';
import type { AmountRules } from '../../../src-renderer/format/parse.ts';

const TOKENS: AmountRules = { label: 'Prompt', unit: 'tokens', min: 1, max: 1e7, isWhole: true, example: '250 or 8k' };

describe('NumberInput', () => {
  test('keeps text that cannot be read, marks it, and points at its help', async () => {
    render(AmountInput, { label: 'Prompt', text: '', rules: TOKENS, unit: 'tokens', describedBy: 'help' });
    const input = screen.getByLabelText('Prompt');
    await fireEvent.input(input, { target: { value: '5 apples' } });
    expect(input).toHaveValue('5 apples');
    expect(input).toHaveAttribute('aria-invalid', 'true');
    expect(input).toHaveAttribute('aria-describedby', 'help');
    await fireEvent.input(input, { target: { value: '8k' } });
    expect(input).toHaveAttribute('aria-invalid', 'false');
  });

  test('arrows step by one, with Shift and the page keys by ten, from the value in force when empty', async () => {
    render(AmountInput, { label: 'Prompt', text: '', rules: TOKENS, unit: 'tokens', placeholder: '250' });
    const input = screen.getByLabelText('Prompt');
    await fireEvent.keyDown(input, { key: 'ArrowUp' });
    expect(input).toHaveValue('251');
    await fireEvent.keyDown(input, { key: 'ArrowDown', shiftKey: true });
    expect(input).toHaveValue('241');
    await fireEvent.keyDown(input, { key: 'PageUp' });
    expect(input).toHaveValue('251');
    await fireEvent.keyDown(input, { key: 'ArrowUp', altKey: true });
    expect(input).toHaveValue('251');
  });
});

describe('Field', () => {
  const children = createRawSnippet(() => ({ render: () => '<input id="users" aria-describedby="users-help" />' }));

  test('ties the label, says the help under it, and takes a bad sentence away when it is mended', async () => {
    const { rerender } = render(Field, {
      label: 'Users',
      controlId: 'users',
      helpId: 'users-help',
      help: 'Users takes whole numbers.',
      isHelpBad: true,
      children,
    });
    const input = screen.getByLabelText('Users');
    expect(screen.getByRole('alert')).toHaveTextContent('Users takes whole numbers.');
    expect(input).toHaveAccessibleDescription('Users takes whole numbers.');
    await rerender({ help: '', isHelpBad: false });
    expect(screen.queryByRole('alert')).toBeNull();
    expect(screen.queryByText('Users takes whole numbers.')).toBeNull();
  });

  test('says where the value came from, resets it, and says why it is disabled', async () => {
    const onreset = vi.fn();
    render(Field, { label: 'Users', origin: 'yours', onreset, reason: 'One GPU holds the model.', children });
    expect(screen.getByText('yours')).toBeVisible();
    expect(screen.getByText('One GPU holds the model.')).toBeVisible();
    await fireEvent.click(screen.getByRole('button', { name: 'Reset Users' }));
    expect(onreset).toHaveBeenCalledOnce();
  });
});

describe('Segmented', () => {
  const options = [
    { value: 4, label: '4' },
    { value: 8, label: '8', reason: 'The largest node in scope has 4 GPUs.' },
    { value: 2, label: '2' },
  ];

  test('an impossible option can be reached, says why, and is not chosen', async () => {
    render(Segmented, { label: 'GPUs', options, value: 4 });
    const impossible = screen.getByRole('radio', { name: '8' });
    expect(impossible).toHaveAttribute('aria-disabled', 'true');
    await fireEvent.focusIn(impossible);
    expect(impossible).toHaveAccessibleDescription('The largest node in scope has 4 GPUs.');
    await fireEvent.click(impossible);
    expect(screen.getByRole('radio', { name: '4' })).toBeChecked();
    expect(impossible).not.toBeChecked();
    await fireEvent.focusOut(impossible);
    expect(screen.queryByText('The largest node in scope has 4 GPUs.')).toBeNull();
  });

  test('a possible one is chosen by pointer, and by arrow key past the impossible one', async () => {
    render(Segmented, { label: 'GPUs', options, value: 4 });
    const first = screen.getByRole('radio', { name: '4' });
    first.focus();
    await fireEvent.keyDown(first, { key: 'ArrowRight' });
    expect(screen.getByRole('radio', { name: '8' })).toHaveFocus();
    expect(first).toBeChecked();
    await fireEvent.keyDown(screen.getByRole('radio', { name: '8' }), { key: 'ArrowRight' });
    expect(screen.getByRole('radio', { name: '2' })).toBeChecked();
    await fireEvent.click(first);
    expect(first).toBeChecked();
  });
});

describe('Select', () => {
  test('opens by keyboard, lists reasons, and refuses what is impossible', async () => {
    render(Select, {
      label: 'Precision',
      options: [
        { value: 'bf16', label: 'BF16' },
        { value: 'nvfp4', label: 'NVFP4', reason: 'needs Blackwell' },
        { value: 'fp8', label: 'FP8', note: '1 byte a weight' },
      ],
      value: 'bf16',
    });
    const trigger = screen.getByRole('combobox', { name: 'Precision' });
    await fireEvent.keyDown(trigger, { key: 'ArrowDown' });
    const list = await screen.findByRole('listbox', { name: 'Precision' });
    expect(within(list).getByRole('option', { name: /NVFP4 needs Blackwell/ })).toHaveAttribute(
      'aria-disabled',
      'true',
    );
    await fireEvent.keyDown(trigger, { key: 'ArrowDown' });
    await fireEvent.keyDown(trigger, { key: 'Enter' });
    await waitFor(() => expect(trigger).toHaveTextContent('FP8'));
    expect(trigger).toHaveAttribute('aria-expanded', 'false');
  });
});

describe('Combobox', () => {
  const items = [
    { value: 'meta-llama/Llama-3.1-8B', label: 'meta-llama/Llama-3.1-8B', group: 'Llama', detail: '8B' },
    { value: 'mistralai/Mistral-7B', label: 'mistralai/Mistral-7B', group: 'Mistral', detail: '7B' },
  ];
  const open = async (text: string) => {
    const input = screen.getByRole('combobox', { name: 'Model' });
    await fireEvent.input(input, { target: { value: text } });
    return input;
  };

  test('typing narrows the list, sets the match in bold and counts', async () => {
    render(Combobox, { label: 'Model', items, value: 'meta-llama/Llama-3.1-8B', noun: 'models' });
    const input = await open('mist');
    expect(await screen.findAllByRole('option')).toHaveLength(1);
    expect(screen.getByText('1 of 2 models')).toBeVisible();
    expect(screen.getAllByText('Mist', { selector: 'b' }).length).toBeGreaterThan(0);
    expect(input).toHaveAttribute('aria-expanded', 'true');
  });

  test('what is chosen stays in the field and is told', async () => {
    const onchoose = vi.fn();
    render(Combobox, { label: 'Model', items, value: 'meta-llama/Llama-3.1-8B', onchoose });
    const input = await open('mist');
    const option = await screen.findByRole('option');
    await fireEvent.pointerDown(option);
    await fireEvent.pointerUp(option);
    await waitFor(() => expect(onchoose).toHaveBeenCalledWith('mistralai/Mistral-7B'));
    await waitFor(() => expect(input).toHaveValue('mistralai/Mistral-7B'));
  });

  test('the arrow beside it opens the whole list and leaves the focus in the field', async () => {
    render(Combobox, { label: 'Model', items, value: 'meta-llama/Llama-3.1-8B' });
    await fireEvent.pointerDown(screen.getByRole('button', { name: 'Show the list: Model' }));
    expect(await screen.findAllByRole('option')).toHaveLength(2);
    expect(screen.getByRole('combobox', { name: 'Model' })).toHaveFocus();
  });

  test('nothing found: the nearest name, and the text itself where it may be an id', async () => {
    render(Combobox, {
      label: 'Model',
      items,
      value: '',
      ownWords: (text: string) => (text.includes('/') ? `Use "${text}" as id` : null),
    });
    await open('mistralai/Mistrel-7B');
    const options = await screen.findAllByRole('option');
    expect(options.map((option) => option.textContent?.trim())).toEqual([
      expect.stringContaining('mistralai/Mistral-7B'),
      'Use "mistralai/Mistrel-7B" as id',
    ]);
    expect(screen.getByText('Nothing matches "mistralai/Mistrel-7B".')).toBeVisible();
  });
});

describe('ChipsInput', () => {
  const names = () => screen.queryAllByRole('listitem').map((item) => item.textContent?.trim());

  test('Enter adds, a pasted list splits, repeats count once, Backspace removes the last', async () => {
    render(ChipsInput, { label: 'Users', chips: [] });
    const input = screen.getByLabelText('Users: add');
    await fireEvent.input(input, { target: { value: '10' } });
    await fireEvent.keyDown(input, { key: 'Enter' });
    await fireEvent.paste(input, { clipboardData: { getData: () => '20, 30\n10' } });
    expect(names()).toEqual(['10', '20', '30']);
    await fireEvent.keyDown(input, { key: 'Backspace' });
    expect(names()).toEqual(['10', '20']);
    await fireEvent.click(screen.getByRole('button', { name: 'Remove 10' }));
    expect(names()).toEqual(['20']);
    expect(input).toHaveFocus();
  });

  test('a list of numbers is taken whole or not at all, and a range as chips say it', async () => {
    render(ChipsInput, {
      label: 'Users',
      chips: [],
      read: parseUsersAxis,
      range: { from: 1, to: 8, scale: 'linear', by: 1 },
      display: chipLabel,
    });
    const input = screen.getByLabelText('Users: add');
    await fireEvent.input(input, { target: { value: '10 to 100' } });
    await fireEvent.change(input);
    expect(names()).toEqual([]);
    expect(input).toHaveValue('10 to 100');
    await fireEvent.input(input, { target: { value: '10 to 100 by 10' } });
    await fireEvent.keyDown(input, { key: 'Enter', ctrlKey: true });
    expect(screen.getByRole('button', { name: 'Edit 10 to 100 by 10' })).toBeVisible();
  });

  test('what cannot be taken stays in the field with a sentence, which goes when typing goes on', async () => {
    const check = (text: string) => (/^\d+$/.test(text) ? null : `"${text}" is no number.`);
    render(ChipsInput, { label: 'Users', chips: [], check });
    const input = screen.getByLabelText('Users: add');
    await fireEvent.input(input, { target: { value: '10, ten' } });
    await fireEvent.change(input);
    expect(names()).toEqual(['10']);
    expect(input).toHaveValue('ten');
    expect(input).toHaveAccessibleDescription('"ten" is no number.');
    await fireEvent.input(input, { target: { value: '1' } });
    expect(screen.queryByText(/is no number/)).toBeNull();
  });

  test('names come from the list or as a pasted list; what is not known stays with a sentence', async () => {
    render(NameChips, {
      label: 'GPUs',
      names: [],
      known: ['nvidia-l4', 'nvidia-h100', 'nvidia-h200'],
      placeholder: '',
    });
    const chosen = () => screen.queryAllByRole('button', { name: /^Remove/ }).map((button) => button.ariaLabel);
    const input = screen.getByRole('combobox', { name: 'GPUs' });
    await fireEvent.input(input, { target: { value: 'h1' } });
    await fireEvent.keyDown(input, { key: 'Enter' });
    expect(chosen()).toEqual(['Remove nvidia-h100']);
    expect(input).toHaveValue('');
    await fireEvent.input(input, { target: { value: 'nvidia-l4, nvidia-h200' } });
    await fireEvent.keyDown(input, { key: 'Enter' });
    expect(chosen()).toEqual(['Remove nvidia-h100', 'Remove nvidia-l4', 'Remove nvidia-h200']);
    await fireEvent.keyDown(input, { key: 'Backspace' });
    expect(chosen()).toHaveLength(2);
    await fireEvent.input(input, { target: { value: 'h99' } });
    await fireEvent.keyDown(input, { key: 'Escape' });
    expect(input).toHaveValue('h99');
    expect(input).toHaveAccessibleDescription('The catalog has no "h99"; choose from the list.');
  });

  test('a range chip opens its ends, steps and scale, and takes the new ones', async () => {
    render(ChipsInput, {
      label: 'Users',
      chips: ['25..3200/12log'],
      display: chipLabel,
      read: parseUsersAxis,
      range: { from: 10, to: 1000, scale: 'log', by: 8 },
    });
    await fireEvent.click(screen.getByRole('button', { name: 'Edit 25 to 3,200, 12 values, log' }));
    const panel = await screen.findByRole('dialog', { name: 'Users: range' });
    expect(within(panel).getByLabelText('From')).toHaveValue('25');
    expect(within(panel).getByText(/^12 values: 25, /)).toBeVisible();
    await fireEvent.input(within(panel).getByLabelText('To'), { target: { value: '10' } });
    expect(within(panel).getByRole('button', { name: 'Use range' })).toBeDisabled();
    await fireEvent.input(within(panel).getByLabelText('To'), { target: { value: '100' } });
    await fireEvent.click(within(panel).getByRole('radio', { name: 'Even' }));
    await fireEvent.input(within(panel).getByLabelText('Step'), { target: { value: '25' } });
    expect(within(panel).getByText('4 values: 25, 50, 75, 100')).toBeVisible();
    await fireEvent.click(within(panel).getByRole('button', { name: 'Use range' }));
    await waitFor(() => expect(names()).toEqual(['25 to 100 by 25']));
  });
});

describe('Switch, Check, Slider', () => {
  test('a switch turns, and one that cannot says why', async () => {
    render(Switch, { label: 'Prefix caching', checked: false });
    const on = screen.getByRole('switch', { name: /Prefix caching/ });
    await fireEvent.click(on);
    expect(on).toBeChecked();
    render(Switch, { label: 'Spot', checked: false, reason: 'no spot prices here' });
    const off = screen.getByRole('switch', { name: /Spot/ });
    expect(off).toBeDisabled();
    expect(screen.getByText('no spot prices here')).toBeVisible();
  });

  test('a check box may be mixed', async () => {
    render(Check, { label: 'All rows', checked: false, isMixed: true, isLabelHidden: true });
    const box = screen.getByRole('checkbox', { name: 'All rows' });
    expect(box).toHaveAttribute('aria-checked', 'mixed');
    await fireEvent.click(box);
    expect(box).toHaveAttribute('aria-checked', 'true');
  });

  test('a slider moves by arrow keys and says its figure', async () => {
    render(Slider, {
      label: 'Headroom',
      value: 25,
      min: 0,
      max: 100,
      step: 5,
      format: (value: number) => `${value} %`,
    });
    const knob = screen.getByRole('slider', { name: 'Headroom' });
    await fireEvent.keyDown(knob, { key: 'ArrowRight' });
    expect(knob).toHaveAttribute('aria-valuenow', '30');
    expect(knob).toHaveAttribute('aria-valuetext', '30 %');
    expect(screen.getByText('30 %')).toBeVisible();
  });
});
