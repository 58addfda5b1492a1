// LangChain.js, unchanged, as a client: what it records in one form it is given in the other.
import test from 'node:test';
import assert from 'node:assert/strict';
import { ChatOpenAI } from '@langchain/openai';
import { AIMessageChunk } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { concat } from '@langchain/core/utils/stream';
import { Stage, Trip, collect, oneEntry, plain } from './support.mjs';

const tools = ['forecast', 'history'].map((name) =>
  tool(() => 'sunny', { name, description: name, schema: Trip }),
);

const textOf = (message) =>
  typeof message.content === 'string'
    ? message.content
    : message.content.map((part) => part.text ?? '').join('');
const callsOf = ({ tool_calls }) => tool_calls.map(({ id, name, args }) => ({ id, name, args }));

// Messages come in pieces, objects whole again and again as they grow.
async function gathered(stream) {
  const chunks = await collect(await stream);
  if (!(chunks[0] instanceof AIMessageChunk)) return chunks.at(-1);
  return chunks.reduce((whole, chunk) => concat(whole, chunk));
}

for (const useResponsesApi of [false, true]) {
  test(`LangChain by ${useResponsesApi ? 'responses' : 'chat completions'}`, async (t) => {
    const stage = await Stage.open(t);
    const { fetch, labels } = Stage.labelled();
    const model = new ChatOpenAI({
      model: 'gpt-4.1',
      apiKey: 'sk-test',
      maxRetries: 0,
      useResponsesApi,
      configuration: { baseURL: `${stage.url}/v1`, fetch },
    });
    const streaming = (runnable, text) => gathered(runnable.stream(text));
    const whole = (runnable, text) => runnable.invoke(text);
    const directions = [
      { to: 'streamed, then whole', record: streaming, ask: whole },
      { to: 'whole, then streamed', record: whole, ask: streaming },
    ];

    for (const { to, record, ask } of directions) {
      const bothWays = (runnable, text) =>
        oneEntry(stage, labels, {
          record: () => record(runnable, `${text}: ${to}`),
          ask: () => ask(runnable, `${text}: ${to}`),
        });

      await t.test(`a text, ${to}`, async () => {
        const [first, second] = await bothWays(model, 'text');
        assert.ok(textOf(first).length > 0);
        assert.equal(textOf(second), textOf(first));
        assert.ok(first.usage_metadata.total_tokens > 0);
        assert.deepEqual(plain(second.usage_metadata), plain(first.usage_metadata));
        assert.equal(second.id, first.id);
      });

      await t.test(`tool calls, ${to}`, async () => {
        const bound = model.bindTools(tools, { parallel_tool_calls: true });
        const [first, second] = await bothWays(bound, 'tools');
        assert.deepEqual(callsOf(first).map((call) => call.name), ['forecast', 'history']);
        assert.equal(Trip.parse(callsOf(first)[1].args).days, 3);
        assert.deepEqual(callsOf(second), callsOf(first));
      });

      // By responses this client cannot stream them, whoever answers.
      for (const method of useResponsesApi ? [] : ['jsonSchema', 'functionCalling']) {
        await t.test(`structured output by ${method}, ${to}`, async () => {
          const shaped = model.withStructuredOutput(Trip, { name: 'trip', method });
          const [first, second] = await oneEntry(stage, labels, {
            record: () => record(shaped, `${method}: ${to}`),
            ask: () => ask(shaped, `${method}: ${to}`),
          });
          assert.equal(Trip.parse(first).days, 3);
          assert.deepEqual(second, first);
        });
      }
    }
  });
}
