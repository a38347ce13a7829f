import { describe, expect, test } from 'vitest';
import { applyRequest, formOfRequest } from '../../../src-renderer/state/apply-request.ts';
import { readDraft, draftText, type Draft } from '../../../src-renderer/state/draft-format.ts';
import { editWords } from '../../../src-renderer/state/edit-words.ts';
import { changesBetween } from '../../../src-renderer/state/changes.ts';
import { defaultFormValues, readForm, type FormValues } from '../../../src-renderer/state/form-reading.ts';
import {
  machineEntries,
  machineTexts,
  newMachine,
  readMachines,
  type MachineTexts,
} from '../../../src-renderer/state/own-machines.ts';
import { precisionReason, scopeOf, tensorParallelReason } from '../../../src-renderer/state/scope.ts';
import { sweepCommand } from '../../../src-renderer/state/sweep-command.ts';
import { defaultSimulateValues } from '../../../src-renderer/state/simulate-form.ts';
import { defaultAxes } from '../../../src-renderer/state/sweep-axes.ts';
import { NOTHING_IN_SCOPE } from '../../../src-renderer/state/sweep-scope.ts';
import { planSweepSpec } from '../../../src-renderer/state/sweep-spec.ts';
import { sizeInputSchema } from '../../../src-worker/protocol/requests.ts';
import { CATALOG } from '../fixtures/app.ts';

const box = (more: Partial<MachineTexts> = {}): MachineTexts => ({
  ...newMachine([]),
  name: 'box',
  gpu: 'nvidia-l40s',
  ...more,
});
const ownForm = (...machines: MachineTexts[]): FormValues => ({
  ...defaultFormValues(),
  model: 'm',
  hardware: 'own',
  machines,
});
const asked = (form: FormValues) => {
  const reading = readForm(form);
  if (reading.kind !== 'ready') throw new Error(reading.sentence);
  return reading.request;
};

describe('machines of the form', () => {
  test('are read as a question names them; what is empty is null', () => {
    const full = box({ gpuCount: '4', gpuMemory: '64', hostMemory: '512', vcpus: '1.5k', link: 'pcie', price: '2.5' });
    expect(readMachines([full])).toEqual([
      {
        name: 'box',
        gpu: 'nvidia-l40s',
        gpu_count: 4,
        gpu_vram_gb: 64,
        vcpus: 1500,
        memory_gb: 512,
        interconnect: 'pcie',
        usd_per_hour: 2.5,
      },
    ]);
    expect(readMachines([box()])).toMatchObject([{ gpu_count: 1, gpu_vram_gb: null, usd_per_hour: null }]);
  });

  test('come back from a question as they were typed', () => {
    const machines = [box({ gpuCount: '0.5', price: '1.25', link: 'pcie' })];
    const read = readMachines(machines);
    expect(typeof read === 'string' ? read : read.map(machineTexts)).toEqual(machines);
  });

  test.each([
    [[], /Add a machine/],
    [[box({ name: ' ' })], /Give machine 1 a name/],
    [[box({ name: 'a/b' })], /no slashes/],
    [[box({ gpu: '' })], /Choose the GPU of box/],
    [[box({ gpuCount: '' })], /Say how many GPUs box has/],
    [[box({ gpuCount: '0' })], /GPUs takes/],
    [[box({ price: '0' })], /Price takes/],
    [[box({ gpuMemory: '81920' })], /Memory of a GPU takes/],
    [[box(), box({ name: 'BOX' })], /Two machines are called BOX/],
  ])('%# that cannot be asked about say what is missing', (machines, sentence) => {
    expect(readMachines(machines)).toMatch(sentence);
    expect(readForm(ownForm(...machines))).toMatchObject({ kind: 'waiting' });
  });

  test('a new one has a name that is free and the GPU of the last', () => {
    const first = { ...newMachine([]), gpu: 'nvidia-l4' };
    const second = newMachine([first]);
    expect([first.name, second.name, second.gpu]).toEqual(['machine 1', 'machine 2', 'nvidia-l4']);
    expect(newMachine([second]).name).toBe('machine 3');
  });
});

describe('own hardware in the question', () => {
  const clouds: Partial<FormValues> = {
    providers: ['aws'],
    place: 'zone',
    placeName: 'us-east-1a',
    pricing: 'spot',
    gpus: ['nvidia-l4'],
  };

  test('leaves out what says where to rent, which waits for the way back', () => {
    const form = { ...ownForm(box()), ...clouds };
    expect(asked(form)).toMatchObject({ pricing: 'ondemand', zone: null, region: null, provider: [], gpu: [] });
    expect(asked(form).own_hardware).toHaveLength(1);
    const back = asked({ ...form, hardware: 'cloud' });
    expect(back).toMatchObject({ pricing: 'spot', zone: 'us-east-1a', provider: ['aws'], own_hardware: [] });
  });

  test('a GPU that some machine has still narrows it', () => {
    expect(asked({ ...ownForm(box()), gpus: ['nvidia-l40s', 'nvidia-l4'] }).gpu).toEqual(['nvidia-l40s']);
  });

  test('so does an instance that is one of the machines, and one of them is no instance of a cloud', () => {
    const { name } = box();
    const form = { ...ownForm(box()), instances: [name, `own/${name}`, 'own/other', 'gcp/g2-standard-8'] };
    expect(asked(form).instance).toEqual([name, `own/${name}`]);
    expect(asked({ ...form, hardware: 'cloud' }).instance).toEqual([name, 'gcp/g2-standard-8']);
  });

  test('is opened from a stored question, and left by one without it', () => {
    const form = formOfRequest({ model: 'm', users: 5, own_hardware: [{ name: 'box', gpu: 'nvidia-l40s' }] });
    expect([form.hardware, form.machines]).toEqual(['own', [box()]]);
    expect(asked(form)).toMatchObject({ own_hardware: [{ name: 'box', gpu_count: 1 }] });
    applyRequest(form, { own_hardware: [] });
    // What was typed stays.
    expect([form.hardware, form.machines]).toEqual(['cloud', [box()]]);
  });

  test('reads in the words of an edit', () => {
    const words = (before: FormValues, after: FormValues) =>
      editWords(changesBetween({ form: before }, { form: after }));
    expect(words(ownForm(box()), ownForm(box({ gpuCount: '4' })))).toBe('GPUs 1 → 4');
    expect(words(ownForm(box(), box({ name: 'b' })), ownForm(box(), box({ name: 'b', price: '2' })))).toBe(
      'b: price none → 2',
    );
    expect(words(ownForm(box()), ownForm(box(), box({ name: 'b' })))).toBe('2 machines');
  });

  test('is what the form leaves to choose from', () => {
    const scope = scopeOf(CATALOG, ownForm(box({ gpuCount: '2' })));
    expect(scope.instances).toEqual(machineEntries([box({ gpuCount: '2' })], CATALOG));
    expect(tensorParallelReason(scope, 4)).toBe('The largest instance of the own hardware has 2 GPUs.');
    expect(precisionReason(scope, 'fp8')).toBeNull();
  });
});

describe('own hardware in drafts', () => {
  const draft = (form: FormValues): Draft => ({
    form,
    axes: defaultAxes(),
    simulation: defaultSimulateValues(),
    screen: 'size',
    sizeView: 'answer',
    detailId: null,
    selectedId: null,
    view: {},
  });
  const defaults = draft(defaultFormValues());

  test('is kept whole, also half typed', () => {
    const form = ownForm(box({ gpu: '', price: 'abc' }), box({ name: '' }));
    expect(readDraft(draftText(draft(form)), defaults)?.form).toEqual(form);
  });

  test('an older draft without it opens with clouds', () => {
    const older = Object.entries(defaultFormValues()).filter(([key]) => key !== 'hardware' && key !== 'machines');
    const text = JSON.stringify({ version: 1, form: Object.fromEntries(older) });
    expect(readDraft(text, defaults)?.form).toMatchObject({ hardware: 'cloud', machines: [] });
  });

  test.each([
    [{ hardware: 'mine' }],
    [{ machines: 'box' }],
    [{ machines: ['box'] }],
    [{ machines: [{ name: 'box' }] }],
    [{ machines: [{ ...box(), link: 'rope' }] }],
  ])('a damaged one is set aside: %o', (form) => {
    expect(readDraft(JSON.stringify({ version: 1, form }), defaults)).toBeNull();
  });
});

describe('own hardware in sweeps', () => {
  test('goes into the spec; an axis of zones contradicts it', () => {
    const base = asked(ownForm(box()));
    expect(planSweepSpec(base, defaultAxes(), NOTHING_IN_SCOPE).spec?.base.own_hardware).toHaveLength(1);
    const zoned = planSweepSpec(base, { ...defaultAxes(), zone: { kind: 'all' } }, NOTHING_IN_SCOPE);
    expect(zoned.hindrance).toMatch(/no zone/);
  });

  test('is a line of flags for one machine, and none for several', () => {
    const spec = (...machines: MachineTexts[]) => ({
      base: { ...asked(ownForm(...machines)), model: 'm', method: 'batching' as const },
      axes: { users: [5] },
    });
    expect(sweepCommand(spec(box({ gpuCount: '2', price: '1.5', name: 'my box' })))).toContain(
      "--gpu-type nvidia-l40s --gpu-count 2 --price-per-hour 1.5 --config-name 'my box'",
    );
    expect(sweepCommand(spec(box(), box({ name: 'b' })))).toBeNull();
    expect(sizeInputSchema.safeParse(asked(ownForm(box()))).success).toBe(true);
  });
});
