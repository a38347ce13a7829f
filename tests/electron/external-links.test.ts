import { describe, expect, it } from 'vitest';
import { isAllowedLink } from '../../src-main/electron/external-links.ts';

describe('external links', () => {
  it.each([
    'https://huggingface.co/meta-llama/Llama-2-7b-hf',
    'https://docs.vllm.ai/en/latest/?x=1#y',
    'http://github.com/vllm-project/vllm',
    'HTTPS://GITHUB.COM/',
  ])('opens %s', (link) => {
    expect(isAllowedLink(link)).toBe(true);
  });

  it.each([
    'https://evil.test/',
    'https://github.com.evil.test/',
    'https://evil.test/?https://github.com/',
    'https://user@github.com/',
    'https://github.com@evil.test/',
    'https://github.com:8443/',
    'https://sub.github.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'smb://github.com/share',
    'app://configiq/index.html',
    '//github.com/',
    'github.com',
    '',
  ])('does not open %s', (link) => {
    expect(isAllowedLink(link)).toBe(false);
  });
});
