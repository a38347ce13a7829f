import '@testing-library/jest-dom/vitest';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import App from '../../../src-renderer/App.svelte';
import type { Recommendation } from '../../../src-worker/protocol/documents.ts';
import type { SizeInputDraft } from '../../../src-worker/protocol/requests.ts';
import { success } from '../../../src-worker/protocol/result.ts';
import { fakeApi, fakeHost, stubBrowser } from '../fixtures/app.ts';
import { Chart } from '../fixtures/chart.ts';
import { ROWS, sizeDocument } from '../fixtures/documents.ts';

vi.mock('chart.js', () => import('../fixtures/chart.ts'));

const [ROW] = ROWS;
if (!ROW) throw new Error('the fixtures have no row');
const AT_HOME: Recommendation = {
  ...ROW,
  id: 'own/box/own/tp1pp1/fp16',
  provider: 'own',
  region: 'own',
  instance: 'box',
  gpu_count: 4,
  cost: {
    usd_per_hour_instance: null,
    usd_per_hour: null,
    usd_per_month: null,
    usd_per_request: null,
    usd_per_1k_tokens: null,
    usd_per_1m_output_tokens: null,
    price_as_of: null,
    price_source: null,
    price_zones: null,
  },
  cost_reason: 'own_hardware',
};

/** A window whose host answers own hardware with own hardware, and anything else with clouds. */
function open() {
  const asked: SizeInputDraft[] = [];
  const host = fakeHost(
    fakeApi({
      size: (request) => {
        asked.push(request);
        const isOwn = (request.own_hardware ?? []).length > 0;
        const input = { ...request };
        return Promise.resolve(
          success(
            isOwn ? sizeDocument({ input, recommendations: [AT_HOME], num_passing: 1 }) : sizeDocument({ input }),
          ),
        );
      },
    }),
  );
  render(App, { connect: host.connect });
  return { asked };
}

beforeEach(() => {
  stubBrowser();
  localStorage.clear();
  Chart.drawn = [];
});
afterEach(() => void vi.unstubAllGlobals());

const form = () => within(screen.getByRole('form', { name: 'What to size' }));
const field = (name: string) => form().getByRole('textbox', { name });
const type = (name: string, value: string) => fireEvent.input(field(name), { target: { value } });

async function describeBox(): Promise<void> {
  await screen.findByTestId('verdict');
  await fireEvent.click(form().getByRole('radio', { name: 'Own hardware' }));
  await type('Name', 'box');
  const gpu = form().getByRole('combobox', { name: 'GPU of box' });
  await fireEvent.input(gpu, { target: { value: 'L40S' } });
  // A list is chosen from with the pointer, not with the click that follows it.
  const option = await screen.findByRole('option', { name: /L40S/ });
  await fireEvent.pointerDown(option, { pointerType: 'mouse', button: 0 });
  await fireEvent.pointerUp(option, { pointerType: 'mouse', button: 0 });
}

test('a machine is described field by field, each edit asks again, and nothing that is rented is left', async () => {
  const { asked } = open();
  await screen.findByTestId('verdict');
  await fireEvent.click(form().getByRole('radio', { name: 'Own hardware' }));
  expect(screen.getAllByText(/Choose the GPU of machine 1\./).length).toBeGreaterThan(0);
  expect(form().queryByRole('radio', { name: 'Spot' })).toBeNull();
  await fireEvent.click(form().getByRole('radio', { name: 'Clouds' }));
  await describeBox();
  await waitFor(() =>
    expect(asked.at(-1)?.own_hardware).toEqual([
      expect.objectContaining({ name: 'box', gpu: 'nvidia-l40s', gpu_count: 1, usd_per_hour: null }),
    ]),
  );
  expect(asked.at(-1)).toMatchObject({ provider: [], zone: null, pricing: 'ondemand' });
  await type('GPUs', '4');
  await type('Memory of a GPU', '96');
  await type('Host memory', '512');
  await type('vCPUs', '64');
  await type('Price an hour', '2.5');
  await waitFor(() =>
    expect(asked.at(-1)?.own_hardware?.[0]).toMatchObject({
      gpu_count: 4,
      gpu_vram_gb: 96,
      memory_gb: 512,
      vcpus: 64,
      usd_per_hour: 2.5,
    }),
  );
  await type('Price an hour', 'much');
  expect(screen.getAllByText(/Price takes/).length).toBeGreaterThan(0);
});

test('an answer without a price says so calmly', async () => {
  open();
  await describeBox();
  const verdict = await screen.findByText('1 × box meets all 3 targets');
  expect(verdict).toBeVisible();
  expect(screen.getByTestId('verdict')).toHaveTextContent(/4 .* own hardware, no price/);
  const answer = screen.getByText('Planned load').closest('.answer') ?? document.body;
  expect(answer).toHaveTextContent('own hardware, no price');
  expect(answer).toHaveTextContent('Fewest GPUs');
  expect(document.body).not.toHaveTextContent(/NaN|undefined|\$0\b|own_hardware/);
});

test('machines come and go, each a step that undo takes back; the reset goes back to clouds', async () => {
  const { asked } = open();
  await describeBox();
  await fireEvent.click(form().getByRole('button', { name: 'Add a machine' }));
  expect(form().getAllByRole('textbox', { name: 'Name' })).toHaveLength(2);
  await waitFor(() => expect(asked.at(-1)?.own_hardware).toHaveLength(2));
  await fireEvent.click(form().getByRole('button', { name: 'Remove machine 2' }));
  expect(form().getAllByRole('textbox', { name: 'Name' })).toHaveLength(1);
  await fireEvent.click(screen.getByRole('button', { name: /^Undo/ }));
  expect(form().getAllByRole('textbox', { name: 'Name' })).toHaveLength(2);
  await fireEvent.click(form().getByRole('button', { name: 'Reset Runs on' }));
  expect(form().queryByRole('textbox', { name: 'Name' })).toBeNull();
  await waitFor(() => expect(asked.at(-1)?.own_hardware).toEqual([]));
});
