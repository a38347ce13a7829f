import { expect, it } from 'vitest';
import { startService, temporaryFolder, errorOf, valueOf } from './service.ts';

const question = { model: 'meta-llama/Llama-2-7b-hf', users: 100 };

it('answers detail and explain through a real worker', async () => {
  const { api } = startService(temporaryFolder());
  const [row] = valueOf(await api.size({ ...question, simulation_check: false })).recommendations;
  const configuration = row?.id ?? '';
  const detail = valueOf(await api.detail({ question, configuration }));
  expect(detail.recommendation).toEqual(row);
  const explain = valueOf(await api.explain({ question, configuration }));
  expect(explain.configuration).toMatchObject({ id: configuration, rank: 1 });
});

it('refuses a configuration it does not know, and a request without one', async () => {
  const { api } = startService(temporaryFolder());
  const unknown = errorOf(await api.detail({ question, configuration: 'aws/none/here/tp1pp1/fp16' }));
  expect(unknown).toMatchObject({ family: 'invalid_input', code: 'unknown_configuration' });
  const missing = errorOf(await api.explain({ question, configuration: '' }));
  expect(missing).toMatchObject({ code: 'request_invalid' });
});
