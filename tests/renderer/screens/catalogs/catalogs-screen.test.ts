import '@testing-library/jest-dom/vitest';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import App from '../../../../src-renderer/App.svelte';
import { toasts } from '../../../../src-renderer/components/toasts.svelte.ts';
import type { AppApi } from '../../../../src-worker/protocol/app-api.ts';
import type { CatalogBook } from '../../../../src-worker/protocol/catalog-api.ts';
import { failure, success, type Result } from '../../../../src-worker/protocol/result.ts';
import { CATALOG, draftOn, fakeApi, fakeHost, stubBrowser } from '../../fixtures/app.ts';
import { BOOK, IMPORT, keptCatalogs, PREVIEW, PROBLEMS } from '../../fixtures/catalogs.ts';
import { sizeDocument } from '../../fixtures/documents.ts';

vi.mock('chart.js', () => import('../../fixtures/chart.ts'));

const refused = (message: string) => failure({ family: 'file', code: 'refused', message, details: {} });
const table = () => screen.findByTestId('catalog-table');
const inspector = () => screen.getByTestId('catalog-inspector');
const heading = () => within(inspector()).getByRole('heading', { level: 2 });
const names = async () =>
  within(await table())
    .queryAllByRole('rowheader')
    .map(({ textContent }) => textContent.trim());
const nameOf = async (name: string | RegExp) => within(await table()).findByRole('rowheader', { name });
const tab = (name: RegExp) => screen.findByRole('tab', { name });
const rowOf = (label: string) => within(inspector()).getByText(label, { selector: '.label' }).closest('li')!;

async function open(answers: Partial<AppApi> = {}) {
  const api = fakeApi(answers, draftOn('catalogs'));
  const host = fakeHost(api);
  render(App, { connect: host.connect });
  await screen.findByTestId('catalogs');
  return { api, host };
}

const fileOf = (name = 'lab.json') => new File(['{"vm_instances":[]}'], name, { type: 'application/json' });

async function dropFile(file = fileOf()): Promise<HTMLElement> {
  await fireEvent.drop(screen.getByTestId('catalogs'), { dataTransfer: { files: [file] } });
  return screen.findByTestId('catalog-dialog');
}

/** Opens the form in the place of a fact, types and sends it. */
async function correct(label: string, value: string, why = ''): Promise<void> {
  await fireEvent.click(within(inspector()).getByRole('button', { name: `Correct ${label}` }));
  const form = within(inspector()).getByRole('form', { name: `Correct ${label}` });
  await fireEvent.input(within(form).getByLabelText(label), { target: { value } });
  await fireEvent.input(within(form).getByLabelText('Why'), { target: { value: why } });
  await fireEvent.submit(form);
}

beforeEach(() => {
  stubBrowser();
  localStorage.clear();
});
afterEach(() => {
  toasts.dismiss();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the tables', () => {
  test('count what they have on their tabs and show the facts of a GPU', async () => {
    await open();
    expect(await tab(/^GPUs 2$/)).toHaveAttribute('aria-selected', 'true');
    for (const label of [/^Instances 2$/, /^Prices 2$/, /^Zones 6$/, /^Workloads 1$/, /^Imports 0$/]) await tab(label);
    expect((await nameOf('L40S')).closest('[role=row]')).toHaveTextContent(
      /48.*44\.00\*.*864.*362.*–.*PCIe.*Ada Lovelace/,
    );
    expect(screen.getByText('2 GPUs')).toBeVisible();
  });

  test('are searched, and filtered by vendor and by expressions', async () => {
    await open();
    const search = await screen.findByRole('searchbox', { name: 'Search GPUs' });
    await fireEvent.input(search, { target: { value: 'mi300' } });
    expect(await names()).toEqual(['MI300X']);
    expect(screen.getByText('1 of 2 GPUs')).toBeVisible();
    await fireEvent.input(search, { target: { value: 'none such' } });
    await fireEvent.click(screen.getByRole('button', { name: 'Show all GPUs' }));
    expect(await names()).toHaveLength(2);
    await fireEvent.click(screen.getByRole('button', { name: 'Filter' }));
    await fireEvent.input(screen.getByRole('textbox', { name: 'Filter Memory' }), { target: { value: '>=80' } });
    expect(await names()).toEqual(['MI300X']);
    expect(screen.getByText('1 of 2, 1 hidden by filters')).toBeVisible();
  });

  test('of prices have regions, zones and dates; a missing price is a dash', async () => {
    await open();
    await fireEvent.click(await tab(/^Prices/));
    expect(screen.getByText('3 offers, 2 with a price')).toBeVisible();
    const rows = within(await table())
      .getAllByRole('row')
      .slice(1);
    expect(rows[0]).toHaveTextContent(/g6e\.xlarge.*AWS.*us-east-1.*1\.861.*–.*20 Jul 2025.*L40S.*us-east-1-a/);
    expect(rows[2]).toHaveTextContent(/g2-standard-8.*GCP.*us-central1.*–.*–/);
  });

  test('of instances lead to their prices', async () => {
    await open();
    await fireEvent.click(await tab(/^Instances/));
    expect(heading()).toHaveTextContent('g6e.xlarge');
    expect(inspector()).toHaveTextContent('AWS, 1 × L40S. Sold in 2 regions.');
    await fireEvent.click(within(inspector()).getByRole('button', { name: 'Its prices' }));
    expect(await names()).toEqual(['g6e.xlarge', 'g6e.xlarge']);
    expect(await tab(/^Prices/)).toHaveAttribute('aria-selected', 'true');
  });

  test('of imports say what belongs there while there is none', async () => {
    await open();
    await fireEvent.click(await tab(/^Imports/));
    expect(screen.getByText(/There is none yet/)).toBeVisible();
    const list = screen.getByRole('region', { name: 'Catalogs' });
    await fireEvent.click(within(list).getByRole('button', { name: 'Import a catalog' }));
    expect(await screen.findByTestId('catalog-dialog')).toBeVisible();
  });

  test('wait under a skeleton, then say why they cannot be read, and try again', async () => {
    let answer: (result: Result<CatalogBook>) => void = () => undefined;
    await open({ browseCatalog: () => new Promise((resolve) => (answer = resolve)) });
    expect(screen.getByTestId('skeleton')).toBeInTheDocument();
    answer(refused('clouds/aws.json is damaged.'));
    expect(await screen.findByText('clouds/aws.json is damaged.')).toBeVisible();
    expect(screen.queryByTestId('skeleton')).toBeNull();
    await fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    answer(success(BOOK));
    expect(await names()).toHaveLength(2);
  });

  test('stay when the host goes; nothing can be corrected meanwhile', async () => {
    const { host } = await open();
    await table();
    host.lose();
    expect(await screen.findByText('Not connected.')).toBeVisible();
    expect(await names()).toHaveLength(2);
    expect(within(inspector()).getByRole('button', { name: 'Correct Memory' })).toBeDisabled();
  });

  test('are exported as CSV, as they are filtered', async () => {
    const texts: Promise<string>[] = [];
    vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
      texts.push((blob as Blob).text());
      return 'blob:x';
    });
    vi.spyOn(URL, 'revokeObjectURL').mockImplementation(() => undefined);
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => undefined);
    await open();
    await fireEvent.input(await screen.findByRole('searchbox'), { target: { value: 'l40s' } });
    await fireEvent.keyDown(document.body, { key: 'e', ctrlKey: true });
    expect(await texts[0]).toBe(
      'GPU,Memory (GB),Usable (GiB),Bandwidth (GB/s),16 bit (TFLOP/s),FP8 (TFLOP/s),Link (GB/s a way),Architecture\r\n' +
        'L40S,48,44,864,362,,PCIe,Ada Lovelace\r\n',
    );
    expect(screen.getByTestId('status-bar')).toHaveTextContent('Exported configiq-gpus.csv');
    vi.restoreAllMocks();
  });
});

describe('the facts of an entry', () => {
  test('have their units and sources; what most share is said once', async () => {
    await open();
    await table();
    expect(heading()).toHaveTextContent('NVIDIA L40S');
    expect(inspector()).toHaveTextContent('In 2 instances of AWS and GCP; from $0.86/h.');
    expect(screen.getByTestId('catalog-source')).toHaveTextContent(/From NVIDIA data sheet, Aug 2026/);
    expect(rowOf('Memory bandwidth')).toHaveTextContent(/864 GB\/s$/);
    expect(rowOf('Usable memory')).toHaveTextContent(/reported by CUDA, Aug 2026/);
    expect(rowOf('BF16')).toHaveTextContent('yes');
    expect(rowOf('Power')).toHaveTextContent('–');
    expect(within(rowOf('Name')).queryByRole('button')).toBeNull();
  });

  test('tell the age of the data, colored beyond a year only', async () => {
    vi.useFakeTimers({ now: new Date('2026-11-25T12:00:00Z'), toFake: ['Date'] });
    await open();
    await table();
    const ages = within(inspector()).getByRole('region', { name: 'Age of data' });
    expect(within(ages).getByText('AWS prices').closest('div')).toHaveTextContent('16 months');
    expect(within(ages).getByText('16 months')).toHaveClass('old');
    expect(within(ages).getByText('GPU facts').closest('div')).toHaveTextContent('3 months');
    expect(within(ages).getByText('3 months')).not.toHaveClass('old');
    expect(within(ages).queryByText('GCP prices')).toBeNull();
  });

  test('are corrected in place, marked, counted, and asked anew; undo takes it back', async () => {
    const kept = keptCatalogs();
    const size = vi.fn<AppApi['size']>(() => Promise.resolve(success(sizeDocument())));
    const listCatalog = vi.fn<AppApi['listCatalog']>(() => Promise.resolve(success(CATALOG)));
    await open({ ...kept, size, listCatalog });
    await table();
    await waitFor(() => expect(size).toHaveBeenCalled());
    const asked = size.mock.calls.length;
    await correct('Memory bandwidth', '800', 'measured');
    await waitFor(() => expect(rowOf('Memory bandwidth')).toHaveTextContent(/yours\s*800 GB\/s/));
    expect(kept.correctFact).toHaveBeenCalledExactlyOnceWith({
      ...{ subject: 'gpu', id: 'nvidia-l40s', key: 'memory_bandwidth_gb_per_s', value: 800, note: 'measured' },
    });
    expect(rowOf('Memory bandwidth')).toHaveTextContent('was 864; corrected 24 Nov 2026: measured');
    expect(inspector()).toHaveTextContent('1 correction');
    expect(await nameOf(/L40S/)).toHaveTextContent('corrected');
    expect(screen.getByText('2 GPUs, 1 of yours')).toBeVisible();
    expect(screen.getByTestId('status-bar')).toHaveTextContent('1 of yours');
    await waitFor(() => expect(size.mock.calls.length).toBeGreaterThan(asked));
    expect(listCatalog).toHaveBeenCalledTimes(2);
    expect(within(inspector()).getByRole('button', { name: 'Correct Memory bandwidth' })).toHaveFocus();
    await fireEvent.keyDown(document.body, { key: 'z', ctrlKey: true });
    await waitFor(() => expect(rowOf('Memory bandwidth')).toHaveTextContent(/864 GB\/s$/));
    expect(kept.restoreFact).toHaveBeenCalledExactlyOnceWith('gpu', 'nvidia-l40s', 'memory_bandwidth_gb_per_s');
    expect(screen.getByTestId('status-bar')).not.toHaveTextContent('of yours');
  });

  test('a value that cannot be read is a sentence and asks nothing; what the host refuses is told in its words', async () => {
    const correctFact = vi.fn<AppApi['correctFact']>(() =>
      Promise.resolve(refused('memory_bandwidth_gb_per_s takes a number up to 100,000, not 999999.')),
    );
    await open({ correctFact });
    await table();
    await correct('Memory bandwidth', 'fast');
    const field = within(inspector()).getByLabelText('Memory bandwidth');
    expect(field).toBeInvalid();
    expect(inspector()).toHaveTextContent('Memory bandwidth takes a number of GB/s, for example 864.');
    expect(correctFact).not.toHaveBeenCalled();
    await fireEvent.input(field, { target: { value: '999999' } });
    await fireEvent.submit(within(inspector()).getByRole('form'));
    expect(await within(inspector()).findByText(/takes a number up to 100,000/)).toBeVisible();
    expect(field).toHaveValue('999999');
    await fireEvent.keyDown(field, { key: 'Escape' });
    expect(rowOf('Memory bandwidth')).toHaveTextContent(/864 GB\/s$/);
    expect(within(inspector()).getByRole('button', { name: 'Correct Memory bandwidth' })).toHaveFocus();
  });

  test('a refusal of the host leaves the focus in the form, and Escape closes it', async () => {
    let answer = (_: Result<null>): void => undefined;
    const pending = new Promise<Result<null>>((resolve) => (answer = resolve));
    await open({ correctFact: () => pending });
    await table();
    await correct('Memory bandwidth', '-3');
    const button = within(inspector()).getByRole('button', { name: 'Correct' });
    button.focus();
    expect(button).toHaveAttribute('aria-disabled', 'true');
    expect(button).toBeEnabled();
    answer(refused('memory_bandwidth_gb_per_s must be above 0, got -3.'));
    expect(await within(inspector()).findByText(/must be above 0, got -3/)).toBeVisible();
    expect(button).toHaveFocus();
    await fireEvent.keyDown(button, { key: 'Escape' });
    expect(within(inspector()).queryByRole('form')).toBeNull();
  });

  test('a corrected price is restored, and undo brings the correction back with its reason', async () => {
    const kept = keptCatalogs();
    await open(kept);
    await fireEvent.click(await tab(/^Prices/));
    await correct('On demand', '$1.5', 'contract');
    await waitFor(() => expect(rowOf('On demand')).toHaveTextContent('$1.50/h'));
    await fireEvent.click(within(inspector()).getByRole('button', { name: 'Restore On demand' }));
    await waitFor(() => expect(rowOf('On demand')).toHaveTextContent('$1.861/h'));
    await fireEvent.click(within(screen.getByTestId('toast')).getByRole('button', { name: /Undo/ }));
    await waitFor(() => expect(rowOf('On demand')).toHaveTextContent('$1.50/h'));
    expect(kept.correctFact).toHaveBeenLastCalledWith({
      ...{ subject: 'price', id: 'aws/g6e.xlarge/us-east-1', key: 'on_demand_usd_per_hour' },
      ...{ value: 1.5, note: 'contract' },
    });
  });

  test('several corrections are restored at once', async () => {
    const kept = keptCatalogs();
    await open(kept);
    await table();
    await correct('Memory bandwidth', '800');
    await waitFor(() => expect(rowOf('Memory bandwidth')).toHaveTextContent('yours'));
    await correct('BF16', 'no');
    await waitFor(() => expect(rowOf('BF16')).toHaveTextContent(/yours\s*no/));
    await fireEvent.click(within(inspector()).getByRole('button', { name: 'Restore all' }));
    await waitFor(() => expect(rowOf('BF16')).not.toHaveTextContent('yours'));
    expect(kept.restoreFact).toHaveBeenCalledExactlyOnceWith('gpu', 'nvidia-l40s', null);
    expect(rowOf('Memory bandwidth')).not.toHaveTextContent('yours');
  });

  test('a restoring that is refused is said and changes nothing', async () => {
    await open({ ...keptCatalogs(), restoreFact: () => Promise.resolve(refused('The database is locked.')) });
    await table();
    await correct('Memory bandwidth', '800');
    await waitFor(() => expect(rowOf('Memory bandwidth')).toHaveTextContent('yours'));
    await fireEvent.click(within(inspector()).getByRole('button', { name: 'Restore Memory bandwidth' }));
    expect(
      await screen.findByText('Memory bandwidth of NVIDIA L40S was not restored. The database is locked.'),
    ).toBeVisible();
    expect(rowOf('Memory bandwidth')).toHaveTextContent('800');
  });
});

describe('importing', () => {
  test('a dropped file is looked at, taken in, marked, and taken back by undo', async () => {
    const kept = keptCatalogs();
    await open(kept);
    await table();
    const dialog = await dropFile();
    expect(await within(dialog).findByText(/1 instance and 1 price can be used/)).toBeVisible();
    const changes = within(dialog).getByTestId('catalog-changes');
    expect(changes).toHaveTextContent(/1 added, 1 changed/);
    expect(changes).toHaveTextContent(/Instance bench, Lab/);
    expect(changes).toHaveTextContent(/g6e\.xlarge, us-east-1, AWS\s*On demand: \$1\.861 → \$1\.50/);
    expect(dialog).toHaveTextContent('4 rows: Machines without a GPU.');
    expect(dialog).toHaveTextContent('Our facts of the L40S win over those of the file.');
    expect(within(dialog).queryByRole('button', { name: 'Import the good part' })).toBeNull();
    expect(kept.importCatalog).not.toHaveBeenCalled();
    await fireEvent.click(within(dialog).getByRole('button', { name: 'Import' }));
    await waitFor(() => expect(screen.queryByTestId('catalog-dialog')).toBeNull());
    expect(kept.importCatalog).toHaveBeenCalledExactlyOnceWith(
      { fileName: 'lab.json', text: '{"vm_instances":[]}', format: null, provider: null },
      false,
    );
    expect(screen.getByTestId('toast')).toHaveTextContent('Imported lab.json: 1 instance and 1 price.');
    await waitFor(() => expect(heading()).toHaveTextContent('lab.json'));
    expect(await tab(/^Imports 1$/)).toHaveAttribute('aria-selected', 'true');
    await fireEvent.click(await tab(/^Instances 3$/));
    expect(await nameOf(/bench/)).toHaveTextContent('yours');
    await fireEvent.keyDown(document.body, { key: 'z', ctrlKey: true });
    await tab(/^Instances 2$/);
    expect(kept.removeCatalogImport).toHaveBeenCalledExactlyOnceWith(IMPORT.id);
  });

  test('a file with problems names line and field and imports nothing but on demand', async () => {
    const kept = keptCatalogs(PROBLEMS);
    await open(kept);
    await table();
    const dialog = await dropFile();
    const problems = within(await within(dialog).findByTestId('catalog-problems')).getByRole('table');
    expect(within(problems).getAllByRole('row')[1]).toHaveTextContent(
      /^12\s*Price\s*Price takes a number above 0, not -3\.$/,
    );
    expect(within(dialog).queryByRole('button', { name: 'Import' })).toBeNull();
    const take = within(dialog).getByRole('button', { name: 'Import the good part' });
    expect(take).toBeDisabled();
    expect(take).toHaveAttribute('title', 'Decide first to use the good part');
    await fireEvent.click(within(dialog).getByRole('checkbox', { name: /^Use the good part, 1 instance and 1 price/ }));
    await fireEvent.click(take);
    await waitFor(() => expect(kept.importCatalog).toHaveBeenCalledExactlyOnceWith(expect.anything(), true));
  });

  test('what is doubtful in a file is listed with its line, and is no problem', async () => {
    const doubts = [
      { line: 7, field: 'Price', sentence: 'Price of aws/x/eu: 0.2: is it per GPU?', rule: 'price-band' },
    ];
    await open(keptCatalogs({ ...PREVIEW, doubts, doubtCount: 3 }));
    await table();
    const dialog = await dropFile();
    const list = await within(dialog).findByRole('region', { name: 'Doubts' });
    expect(list).toHaveTextContent(/3 doubts\..*7\s*Price\s*Price of aws\/x\/eu: 0\.2.*And 2 more\./s);
    expect(within(dialog).queryByTestId('catalog-problems')).toBeNull();
    expect(within(dialog).getByRole('button', { name: 'Import' })).toBeEnabled();
  });

  test('a file without anything to use cannot be taken in', async () => {
    const usable = { gpus: 0, instances: 0, prices: 0, workloads: 0 };
    await open(keptCatalogs({ ...PROBLEMS, usable, changes: [], changeCount: 0 }));
    await table();
    const dialog = await dropFile();
    expect(await within(dialog).findByRole('button', { name: 'Import the good part' })).toBeDisabled();
    expect(within(dialog).queryByRole('checkbox', { name: /^Use the good part/ })).toBeNull();
    expect(dialog).toHaveTextContent('It changes nothing');
  });

  test('a file that is refused is a sentence; the cloud it lacks can be named', async () => {
    const previewCatalog = vi.fn<AppApi['previewCatalog']>(({ provider }) =>
      Promise.resolve(provider === null ? refused('vms.csv does not say whose instances they are.') : success(PREVIEW)),
    );
    await open({ previewCatalog });
    await table();
    const dialog = await dropFile(fileOf('vms.csv'));
    expect(
      await within(dialog).findByText(/vms\.csv does not say whose instances they are\. Nothing was/),
    ).toBeVisible();
    expect(within(dialog).getByRole('button', { name: 'Import' })).toBeDisabled();
    await fireEvent.input(within(dialog).getByLabelText('Cloud'), { target: { value: 'lab' } });
    expect(await within(dialog).findByTestId('catalog-changes')).toBeVisible();
    expect(within(dialog).getByRole('button', { name: 'Import' })).toBeEnabled();
    expect(previewCatalog).toHaveBeenLastCalledWith(expect.objectContaining({ provider: 'lab' }));
  });

  test('an import that is refused stays in the dialog with its sentence', async () => {
    await open({ ...keptCatalogs(), importCatalog: () => Promise.resolve(refused('The disk is full.')) });
    await table();
    const dialog = await dropFile();
    await fireEvent.click(await within(dialog).findByRole('button', { name: 'Import' }));
    expect(
      await within(dialog).findByText('lab.json was not imported. The disk is full. Nothing was changed.'),
    ).toBeVisible();
    await fireEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(screen.queryByTestId('catalog-dialog')).toBeNull());
  });

  test('far too large a file is not read', async () => {
    const previewCatalog = vi.fn<AppApi['previewCatalog']>();
    await open({ previewCatalog });
    await table();
    const file = fileOf('huge.csv');
    Object.defineProperty(file, 'size', { value: 80_000_000 });
    const dialog = await dropFile(file);
    expect(await within(dialog).findByText(/huge\.csv has 80 MB; a catalog has at most 25 MB/)).toBeVisible();
    expect(previewCatalog).not.toHaveBeenCalled();
  });

  test('a pasted text is looked at; one in a field is typed there', async () => {
    const kept = keptCatalogs();
    await open(kept);
    const clipboardData = { files: [], getData: () => '{"vm_instances":[]}' };
    await fireEvent.paste(await screen.findByRole('searchbox'), { clipboardData });
    expect(kept.previewCatalog).not.toHaveBeenCalled();
    await fireEvent.paste(document.body, { clipboardData });
    expect(await screen.findByTestId('catalog-changes')).toBeVisible();
    expect(kept.previewCatalog).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ fileName: 'pasted.json' }));
  });

  test('the dialog takes a text, and has a sample of one', async () => {
    const kept = keptCatalogs();
    await open(kept);
    await fireEvent.click(screen.getByRole('button', { name: 'Import a catalog' }));
    const dialog = await screen.findByTestId('catalog-dialog');
    expect(within(dialog).getByRole('button', { name: 'Preview' })).toBeDisabled();
    await fireEvent.click(within(dialog).getByRole('button', { name: 'Fill in a sample' }));
    expect(JSON.parse(within(dialog).getByLabelText<HTMLTextAreaElement>('or its text').value)).toHaveProperty(
      'vm_instances',
    );
    await fireEvent.click(within(dialog).getByRole('button', { name: 'Preview' }));
    expect(await within(dialog).findByTestId('catalog-changes')).toBeVisible();
    await fireEvent.click(within(dialog).getByRole('button', { name: 'Another file' }));
    expect(await within(dialog).findByLabelText('or its text')).toBeVisible();
  });

  test('is removed, and undo brings it back', async () => {
    const kept = keptCatalogs();
    await open(kept);
    await table();
    const dialog = await dropFile();
    await fireEvent.click(await within(dialog).findByRole('button', { name: 'Import' }));
    await waitFor(() => expect(heading()).toHaveTextContent('lab.json'));
    await fireEvent.click(within(inspector()).getByRole('button', { name: 'Remove' }));
    expect(await screen.findByText(/There is none yet/)).toBeVisible();
    expect(screen.getByTestId('toast')).toHaveTextContent('Removed lab.json.');
    await fireEvent.click(within(screen.getByTestId('toast')).getByRole('button', { name: /Undo/ }));
    await waitFor(() => expect(heading()).toHaveTextContent('lab.json'));
    expect(kept.restoreCatalogImport).toHaveBeenCalledExactlyOnceWith(IMPORT.id);
  });

  test('one that is not in force says why', async () => {
    const imports = [{ ...IMPORT, leftOut: 2, problem: 'The GPU nvidia-x1 is no longer in the catalog.' }];
    await open({ browseCatalog: () => Promise.resolve(success({ ...BOOK, imports })) });
    await fireEvent.click(await tab(/^Imports 1$/));
    expect((await nameOf(/lab\.json/)).closest('[role=row]')).toHaveTextContent('not in force');
    expect(inspector()).toHaveTextContent('Not in force. The GPU nvidia-x1 is no longer in the catalog.');
    expect(inspector()).toHaveTextContent('Brings 1 instance and 1 price. 2 problems when it was read.');
  });
});

describe('keys', () => {
  test('6 opens the screen, the slash leads to the search, J to the next entry', async () => {
    await open();
    await fireEvent.keyDown(document.body, { key: '1' });
    expect(screen.queryByTestId('catalogs')).toBeNull();
    await fireEvent.keyDown(document.body, { key: '6' });
    expect(screen.getByRole('button', { name: 'Catalogs' })).toHaveAttribute('aria-current', 'page');
    await table();
    await fireEvent.keyDown(document.body, { key: '/' });
    expect(screen.getByRole('searchbox')).toHaveFocus();
    await fireEvent.keyDown(document.body, { key: 'j' });
    await waitFor(() => expect(heading()).toHaveTextContent('AMD MI300X'));
  });

  test('the search leads on to the facts of the only match; Enter goes from a row to its facts, Escape back', async () => {
    await open();
    const search = await screen.findByRole('searchbox');
    await fireEvent.input(search, { target: { value: 'mi300' } });
    await fireEvent.keyDown(search, { key: 'Enter' });
    await waitFor(() => expect(heading()).toHaveFocus());
    await fireEvent.keyDown(heading(), { key: 'Escape' });
    expect(await nameOf(/MI300X/)).toHaveFocus();
  });

  test('the palette goes there and imports from wherever one is', async () => {
    await open();
    await fireEvent.keyDown(document.body, { key: '2' });
    await fireEvent.keyDown(document.body, { key: 'k', ctrlKey: true });
    const palette = await screen.findByTestId('palette');
    await fireEvent.input(within(palette).getByRole('combobox'), { target: { value: '>import a catalog' } });
    await fireEvent.click(within(palette).getByRole('option', { name: /Import a catalog/ }));
    expect(await screen.findByTestId('catalog-dialog')).toBeVisible();
    expect(screen.getByRole('button', { name: 'Catalogs', hidden: true })).toHaveAttribute('aria-current', 'page');
  });
});

test('what was looked at is there in the next window', async () => {
  const { api } = await open();
  await fireEvent.click(await tab(/^Prices/));
  await fireEvent.input(screen.getByRole('searchbox'), { target: { value: 'eu-west' } });
  await fireEvent(window, new Event('pagehide'));
  const draft = await api.readNote('window/draft');
  const { view } = JSON.parse((draft as { value: string }).value) as { view: Record<string, unknown> };
  expect(view['catalogs.shown']).toMatchObject({ tab: 'prices', tabs: { prices: { search: 'eu-west' } } });
});
