import { describe, expect, test } from 'vitest';
import { catalogListing } from '../../src-main/catalogs/listing.ts';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { resolveGpuId, resolveInstanceId, resolveProviderId } from '../../src-worker/engine/hardware/resolve.ts';
import { didYouMean, suggestNames } from '../../src-worker/protocol/suggest.ts';
import { errorOf } from './folder.ts';

const facts = loadFacts(bundledCatalogsFolder());
const listing = catalogListing(facts);

describe('instance names', () => {
  test('every instance goes by its name and by that of its provider with it, in any case', () => {
    for (const { provider, name } of facts.instances) {
      const id = `${provider}/${name}`;
      for (const given of [name, name.toUpperCase(), id, ` ${id.toUpperCase()} `]) {
        expect(resolveInstanceId(facts, given), given).toBe(id);
      }
    }
  });

  test.each([
    ['g2-standart-4', 'did you mean "g2-standard-4"'],
    ['aws/g2-standard-4', 'did you mean "gcp/g2-standard-4"'],
    ['', 'known are '],
  ])('an unknown one, %s, is refused with the nearest', (name, words) => {
    const error = errorOf(() => resolveInstanceId(facts, name));
    expect(error).toMatchObject({ family: 'invalid_input', code: 'unknown_instance' });
    expect(error.message).toContain(`unknown instance "${name}": ${words}`);
  });

  test('a name that two providers have is not guessed: one of them is chosen by the provider', () => {
    const [first] = facts.instances;
    if (!first) throw new Error('no instance');
    const both = { instances: [first, { ...first, provider: 'other' }] };
    const error = errorOf(() => resolveInstanceId(both, first.name));
    expect(error).toMatchObject({ family: 'invalid_input', code: 'ambiguous_instance' });
    expect(error.message).toContain(`other/${first.name}`);
    expect(resolveInstanceId(both, first.name, ['other'])).toBe(`other/${first.name}`);
    expect(resolveInstanceId(both, `${first.provider}/${first.name}`, ['other'])).toBe(
      `${first.provider}/${first.name}`,
    );
    expect(resolveInstanceId(both, `other/${first.name}`)).toBe(`other/${first.name}`);
  });
});

describe('GPU names', () => {
  test.each([
    ['nvidia-h100-80gb', 'nvidia-h100-80gb'],
    ['h100', 'nvidia-h100-80gb'],
    ['H100-SXM', 'nvidia-h100-80gb'],
    ['nvidia-h100', 'nvidia-h100-80gb'],
    ['NVIDIA H100 SXM5 80GB', 'nvidia-h100-80gb'],
    ['a100-80gb', 'nvidia-a100-80gb'],
    ['l4', 'nvidia-l4'],
    ['L40S', 'nvidia-l40s'],
    ['Tesla T4', 'nvidia-t4'],
    ['rtx 4090', 'nvidia-rtx-4090'],
    ['a10', 'nvidia-a10'],
    ['mi300x', 'amd-mi300x'],
  ])('%s is %s', (name, id) => {
    expect(resolveGpuId(facts, name)).toBe(id);
  });

  test('every id and every alias leads to its GPU', () => {
    for (const { id, aliases = [] } of facts.gpus) {
      for (const name of [id, id.toUpperCase(), ...aliases]) expect(resolveGpuId(facts, name), name).toBe(id);
    }
  });

  test('a name that fits several is not guessed: they are listed', () => {
    const error = errorOf(() => resolveGpuId(facts, 'a100'));
    expect(error).toMatchObject({ family: 'invalid_input', code: 'ambiguous_gpu' });
    expect(error.message).toContain('nvidia-a100-40gb');
    expect(error.message).toContain('nvidia-a100-80gb');
  });

  test('an unknown name comes with the nearest', () => {
    const error = errorOf(() => resolveGpuId(facts, 'h10'));
    expect(error).toMatchObject({ family: 'invalid_input', code: 'unknown_gpu' });
    expect(error.message).toMatch(/^unknown GPU "h10": did you mean "nvidia-h100-80gb"/);
    expect(errorOf(() => resolveGpuId(facts, 'b200s')).message).toContain('"nvidia-b200"');
  });

  test('nonsense, nothing and a very long name stay one short sentence', () => {
    for (const name of ['zzz', '', ' ', 'x'.repeat(1e6)]) {
      expect(errorOf(() => resolveGpuId(facts, name)).message.length).toBeLessThan(400);
    }
  });
});

describe('provider names', () => {
  test('upper and lower case count as equal, and the display name will do', () => {
    expect(resolveProviderId(facts, 'GCP')).toBe('gcp');
    expect(resolveProviderId(facts, 'Google Cloud')).toBe('gcp');
    expect(resolveProviderId(facts, 'aws')).toBe('aws');
  });

  test('an unknown one is refused with the nearest, or with all', () => {
    expect(errorOf(() => resolveProviderId(facts, 'awss')).message).toBe(
      'unknown provider "awss": did you mean "aws"?',
    );
    expect(errorOf(() => resolveProviderId(facts, 'hetzner')).message).toContain('known: aws, azure');
  });
});

describe('near names', () => {
  test('a misspelt zone, instance and workload find the one that was meant, first', () => {
    const zones = listing.zones.map(({ zone }) => zone);
    expect(suggestNames('us-centrall1-a', zones)[0]).toBe('us-central1-a');
    expect(
      suggestNames(
        'a2-higpu-1g',
        listing.instances.map(({ instance }) => instance),
      )[0],
    ).toBe('a2-highgpu-1g');
    expect(suggestNames('caht', ['chat', 'rag', 'code'])).toEqual(['chat']);
  });

  test('what is unlike everything suggests nothing, and the sentence lists what there is', () => {
    expect(suggestNames('mars-north1', ['eu', 'us'])).toEqual([]);
    expect(didYouMean('mars', ['chat', 'rag', 'code'])).toBe('known: chat, code, rag.');
    expect(didYouMean('x', [])).toBe('there is none to choose from.');
  });

  test('long lists are cut', () => {
    const sentence = didYouMean(
      '%%%',
      listing.zones.map(({ zone }) => zone),
    );
    expect(sentence).toMatch(/ and \d+ more\.$/);
    expect(sentence.length).toBeLessThan(300);
  });

  test('the order does not depend on the order of the known names', () => {
    const names = ['europe-west1', 'europe-west2', 'europe-west3', 'europe-west4'];
    expect(suggestNames('europe-west', names.toReversed())).toEqual(suggestNames('europe-west', names));
  });
});

describe('catalog listing', () => {
  test('everything the facts hold, in order', () => {
    expect(listing.gpus).toHaveLength(facts.gpus.length);
    // Storage alone counts: a Turing card has no bf16 but holds FP8 weights, a Volta card runs neither W8A8.
    const formats = (id: string) => listing.gpus.find((gpu) => gpu.id === id)?.precisions;
    expect(formats('nvidia-t4')).toEqual(['fp16', 'fp8', 'int8', 'w8a16', 'int4']);
    expect(formats('nvidia-v100-16gb')).toEqual(['fp16', 'w8a16', 'int4']);
    expect(formats('nvidia-a10g')).toContain('fp8');
    expect(formats('nvidia-a10g')).not.toContain('nvfp4');
    expect(listing.instances).toHaveLength(facts.instances.length);
    expect(listing.providers).toHaveLength(facts.providers?.length ?? 0);
    expect(listing.gpus.map(({ id }) => id)).toEqual(listing.gpus.map(({ id }) => id).toSorted());
  });

  test('the cheapest price of an instance is the least of its regions', () => {
    const entry = listing.instances.find(({ instance }) => instance === 'a2-highgpu-1g');
    const offers = facts.instances.find(({ name }) => name === 'a2-highgpu-1g')?.offers ?? [];
    expect(entry?.regions).toBe(offers.length);
    for (const { onDemandUsdPerHour: price } of offers) {
      if (price !== null) expect(entry?.cheapestOnDemandUsdPerHour).toBeLessThanOrEqual(price);
    }
  });

  test('an instance without a price has none, not 0', () => {
    const entry = listing.instances.find(({ instance }) => instance === 'p5e.48xlarge');
    expect(entry).toMatchObject({
      regions: 0,
      cheapestOnDemandUsdPerHour: null,
      cheapestSpotUsdPerHour: null,
      priceAsOf: null,
    });
  });

  test('a zone lists the instances it has', () => {
    const zone = listing.zones.find(({ zone: name }) => name === 'us-central1-a');
    expect(zone).toMatchObject({ provider: 'gcp', region: 'us-central1' });
    expect(zone?.instances).toContain('g2-standard-4');
  });
});

describe('model names', () => {
  const MODELS = [
    'meta-llama/Llama-2-7b-hf',
    'meta-llama/Llama-2-70b-hf',
    'meta-llama/Llama-3.1-8B-Instruct',
    'mistralai/Mistral-7B-v0.1',
    'Qwen/Qwen2.5-7B-Instruct',
  ];

  test.each([
    ['meta-llama/Llama-2-7b-hg', 'meta-llama/Llama-2-7b-hf'],
    ['llama-2-7b', 'meta-llama/Llama-2-7b-hf'],
    ['LLAMA-2-70B', 'meta-llama/Llama-2-70b-hf'],
    ['mistral-7b', 'mistralai/Mistral-7B-v0.1'],
    ['Llama-3.1-8B', 'meta-llama/Llama-3.1-8B-Instruct'],
  ])('%s is nearest to %s: the owner may be left out', (given, meant) => {
    expect(suggestNames(given, MODELS)[0]).toBe(meant);
  });
});
