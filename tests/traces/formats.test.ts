import { describe, expect, it } from 'vitest';
import { readTraceText } from '../../src-main/traces/read.ts';

const read = async (text: string) => {
  const { trace, ...said } = await readTraceText(text, 'trace');
  const { arrivalMs, promptTokens, outputTokens, cachedTokens } = trace;
  return {
    ...said,
    trace,
    arrivals: [...arrivalMs].map((ms) => Number(ms.toFixed(6))),
    prompts: [...promptTokens],
    outputs: [...outputTokens],
    cached: cachedTokens && [...cachedTokens],
  };
};

describe('a CSV of one’s own', () => {
  it('has seconds, counted from the first request', async () => {
    const found = await read('arrival_s,input_tokens,output_tokens\n2.5,100,20\n3,7,1\n4.25,2000,512\n');
    expect(found).toMatchObject({ format: 'configiq', rows: 3, skipped: [], skippedCount: 0 });
    expect(found.arrivals).toEqual([0, 500, 1750]);
    expect(found.prompts).toEqual([100, 7, 2000]);
    expect(found.outputs).toEqual([20, 1, 512]);
    expect(found.cached).toBeNull();
    expect(found.trace.prefixBlocks).toBeNull();
    expect(found.notes).toEqual([expect.stringMatching(/begin alike: hits of a prefix cache are not replayed/)]);
  });

  it('is read however a spreadsheet writes it', async () => {
    const text =
      '\uFEFF"Output_Tokens", user ,"ARRIVAL_S",input_tokens\r\n"20","a, b",0,"1e2"\r\n\r\n1,,+0.5,7.0,,\r\n';
    const found = await read(text);
    expect(found.arrivals).toEqual([0, 500]);
    expect(found.prompts).toEqual([100, 7]);
    expect(found.outputs).toEqual([20, 1]);
    expect(found.notes).toContain('Nothing is made of user.');
  });

  it('may say how much of a prompt is cached, of which the last token is always computed', async () => {
    for (const column of ['cached_tokens', 'prefix_tokens']) {
      const found = await read(
        `arrival_s,input_tokens,output_tokens,${column}\n0,100,20,64\n1,100,20,\n2,100,20,100\n3,100,20,101\n`,
      );
      expect(found.cached).toEqual([64, 0, 99]);
      expect(found.skipped).toEqual([
        { line: 5, reason: expect.stringContaining(`${column} is 101 of 100`) as string },
      ]);
      expect(found.notes).toEqual([]);
    }
  });

  it('takes a request without output for one with its first token, and says so', async () => {
    const found = await read('arrival_s,input_tokens,output_tokens\n0,100,0\n1,100,3\n');
    expect(found.outputs).toEqual([1, 3]);
    expect(found.notes).toContainEqual(expect.stringMatching(/^1 request with 0 output_tokens: replayed with 1/));
  });
});

describe('a trace of Azure', () => {
  it('of 2023 has local times with seven decimals, across midnight', async () => {
    const found = await read(
      'TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 23:59:59.9999999,4808,10\r\n2023-11-17 00:00:00.0000001,3180,8\r\n2023-11-17 01:00:00.0000001,110,27\r\n',
    );
    expect(found).toMatchObject({ format: 'azure', rows: 3, skippedCount: 0 });
    expect(found.arrivals).toEqual([0, 0.0002, 3_600_000.0002]);
    expect(found.prompts).toEqual([4808, 3180, 110]);
    expect(found.outputs).toEqual([10, 8, 27]);
  });

  it('may have zones, and no decimals where they are zero', async () => {
    const found = await read(
      'TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 02:00:00.009930+02:00,1,1\n2024-05-10T00:00:01Z,1,1\n2024-05-09 18:30:02-0530,1,1\n',
    );
    expect(found.arrivals).toEqual([0, 990.07, 1990.07]);
  });

  it('with a date that no calendar has loses the row', async () => {
    const dates = ['2023-02-30 00:00:00.1', '2023-11-16 24:00:00.1', '2023-11-16 10:60:00.1', '2023-11-16', '45246.5'];
    for (const date of dates) {
      const found = await read(
        `TIMESTAMP,ContextTokens,GeneratedTokens\n${date},1,1\n2023-11-16 18:15:46.6805900,374,44\n`,
      );
      expect(found.prompts).toEqual([374]);
      expect(found.skipped).toEqual([
        { line: 2, reason: `TIMESTAMP is "${date}": give a date and time like 2023-11-16 18:15:46.6805900.` },
      ]);
    }
  });
});

describe('a trace of BurstGPT', () => {
  it('loses the requests that failed, and sends those of all models to one', async () => {
    const found = await read(
      'Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,472,18,490,Conversation log\n45,ChatGPT,1087,0,1087,Conversation log\n118,GPT-4,417,276,693,API log\n',
    );
    expect(found).toMatchObject({ format: 'burstgpt', rows: 3, skippedCount: 1 });
    expect(found.arrivals).toEqual([0, 113_000]);
    expect(found.prompts).toEqual([472, 417]);
    expect(found.skipped).toEqual([
      { line: 3, reason: expect.stringMatching(/^Response tokens is 0, .* failed/) as string },
    ]);
    expect(found.notes).toContainEqual(expect.stringMatching(/all models/));
    expect(found.notes).toContain('Nothing is made of Total tokens, Log Type.');
  });

  it('may have sessions and how long answers took', async () => {
    const found = await read(
      'Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,1,3.2,GPT-4,472,18,490,API log\n',
    );
    expect(found.prompts).toEqual([472]);
    expect(found.notes).toContainEqual(expect.stringMatching(/^Session ID is not followed/));
    expect(found.notes).toContainEqual(expect.stringMatching(/^Elapsed time is what was measured/));
  });
});

describe('a trace of LLMServingSim', () => {
  it('as its client notes it has Unix seconds', async () => {
    const row = (arrival: number, input: number, output: number) =>
      JSON.stringify({
        request_id: 'b',
        input_toks: input,
        output_toks: output,
        arrival_time: arrival,
        queued_ts: 27536.6,
      });
    const found = await read(`${row(1787267980.25, 2358, 531)}\n${row(1787267980.75, 1034, 769)}\n`);
    expect(found).toMatchObject({ format: 'llmservingsim', rows: 2 });
    expect(found.arrivals).toEqual([0, 500]);
    expect(found.prompts).toEqual([2358, 1034]);
    expect(found.outputs).toEqual([531, 769]);
    expect(found.trace.prefixBlocks).toBeNull();
  });

  it('as its workloads are written has nanoseconds', async () => {
    const found = await read(
      '{"input_toks":10,"output_toks":70,"arrival_time_ns":46926808}\n{"input_toks":2,"output_toks":4,"arrival_time_ns":347938952}\n',
    );
    expect(found.format).toBe('llmservingsim');
    expect(found.arrivals).toEqual([0, 301.012144]);
  });
});

describe('a trace of Mooncake', () => {
  it('has milliseconds, and many requests at one moment', async () => {
    const row = (timestamp: number) =>
      JSON.stringify({ timestamp, input_length: 6758, output_length: 500, session_id: 's' });
    const found = await read([row(27), row(27), row(27), row(3027), row(3027)].join('\r\n'));
    expect(found).toMatchObject({ format: 'mooncake', rows: 5 });
    expect(found.arrivals).toEqual([0, 0, 0, 3000, 3000]);
    expect(found.notes).toContainEqual(expect.stringMatching(/^5 requests arrive at 2 different moments: .* burst/));
    expect(found.notes).toContainEqual(expect.stringMatching(/milliseconds/));
    expect(found.notes).toContainEqual(expect.stringMatching(/^session_id is not followed/));
    expect(found.notes).toContainEqual(expect.stringMatching(/prefix cache are not replayed/));
  });

  it('is found behind a heading and a line that was cut off, which are told', async () => {
    const row = '{"timestamp": 0, "input_length": 100, "output_length": 5}';
    const found = await read(
      `{"version": 1}\n{"timestamp": 3, "inp\n${row}\n{"timestamp": 9, "input_length": 100}\n${row.slice(0, -9)}`,
    );
    expect(found.prompts).toEqual([100]);
    expect(found.rows).toBe(5);
    expect(found.skipped.map(({ line, reason }) => `${line}: ${reason}`)).toEqual([
      expect.stringMatching(/^1: timestamp is missing: give milliseconds/),
      expect.stringMatching(/^2: .* is no document of JSON: it was cut off/),
      '4: output_length is missing: give a whole number of tokens from 0.',
      expect.stringMatching(/^5: .* is no document of JSON/),
    ]);
  });
});
