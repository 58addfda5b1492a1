// The Vercel AI SDK, unchanged, as a client: what it records in one form it is given in the other.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Output, generateObject, generateText, streamText, tool } from 'ai';
import { createOpenAI } from '@ai-sdk/openai';
import { Stage, Trip, oneEntry, plain, saying } from './support.mjs';

globalThis.AI_SDK_LOG_WARNINGS = false;

const tools = {
  forecast: tool({ description: 'forecast', inputSchema: Trip }),
  history: tool({ description: 'history', inputSchema: Trip }),
};
const openai = (options) => ({ providerOptions: { openai: options } });

// What of a result does not depend on how it came. Of a stream all of it is promised.
async function gist(result) {
  await result.consumeStream?.();
  const calls = await result.toolCalls;
  return plain({
    text: await result.text,
    reasoning: (await result.reasoningText) ?? null,
    calls: calls.map(({ toolCallId, toolName, input }) => ({ toolCallId, toolName, input })),
    sources: (await result.sources).map(({ url, title }) => ({ url, title })),
    reason: await result.finishReason,
    tokens: (await result.usage).totalTokens,
    id: (await result.response).id,
  });
}

const texts = {
  whole: async (question) => gist(await generateText(question)),
  streamed: async (question) => gist(streamText(question)),
};

// Both ask the same.
const objects = {
  whole: async (question) => {
    const { object, usage } = await generateObject({ ...question, schema: Trip });
    return { object, tokens: usage.totalTokens };
  },
  streamed: async (question) => {
    const result = streamText({ ...question, output: Output.object({ schema: Trip }) });
    return { object: await result.output, tokens: (await result.usage).totalTokens };
  },
};

for (const api of ['chat', 'responses']) {
  test(`the AI SDK by ${api}`, async (t) => {
    const stage = await Stage.open(t);
    const { fetch, labels } = Stage.labelled();
    const provider = createOpenAI({ apiKey: 'sk-test', baseURL: `${stage.url}/v1`, fetch });
    const model = provider[api]('gpt-4.1');

    for (const [first, second] of [['streamed', 'whole'], ['whole', 'streamed']]) {
      const bothWays = async (kinds, question) => {
        const asked = { model, maxRetries: 0, ...question, prompt: `${question.prompt}, ${first}` };
        const [recorded, converted] = await oneEntry(stage, labels, {
          record: () => kinds[first](asked),
          ask: () => kinds[second](asked),
        });
        assert.deepEqual(converted, recorded);
        return converted;
      };

      await t.test(`a text, ${first}, then ${second}`, async () => {
        const { text, reason, tokens } = await bothWays(texts, { prompt: 'text' });
        assert.ok(text.length > 0);
        assert.equal(reason, 'stop');
        assert.ok(tokens > 0);
      });

      await t.test(`tool calls, ${first}, then ${second}`, async () => {
        const question = { prompt: 'tools', tools, ...openai({ parallelToolCalls: true }) };
        const { calls, reason } = await bothWays(texts, question);
        assert.deepEqual(calls.map((call) => call.toolName), ['forecast', 'history']);
        assert.equal(calls[1].input.days, 3);
        assert.equal(reason, 'tool-calls');
      });

      await t.test(`a source, ${first}, then ${second}`, async () => {
        const question = { prompt: 'source', ...saying({ manner: 'citing' }) };
        const { sources } = await bothWays(texts, question);
        assert.deepEqual(sources, [{ url: 'https://mock.test/', title: 'mock' }]);
      });

      await t.test(`an object, ${first}, then ${second}`, async () => {
        const { object } = await bothWays(objects, { prompt: 'object' });
        assert.equal(Trip.parse(object).days, 3);
      });

      if (api === 'chat') continue; // whose models tell no thoughts
      await t.test(`reasoning, ${first}, then ${second}`, async () => {
        const question = { prompt: 'reasoning', ...openai({ reasoningSummary: 'auto' }) };
        const thinker = provider.responses('gpt-5');
        const { reasoning, text } = await bothWays(texts, { ...question, model: thinker });
        assert.ok(reasoning.length > 0);
        assert.ok(text.length > 0);
      });
    }
  });
}
