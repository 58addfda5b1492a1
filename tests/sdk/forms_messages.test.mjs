// messages, recorded in one form and asked for in the other, by their official client.
import test from 'node:test';
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { Stage, Trip, collect, oneEntry, plain, saying, tripSchema } from './support.mjs';
import { fits, message } from './shapes.mjs';

const forecast = { name: 'forecast', input_schema: tripSchema };
const history = { name: 'history', input_schema: tripSchema };
const thinking = { type: 'enabled', budget_tokens: 1024 };
const parallel = { type: 'auto', disable_parallel_tool_use: false };

const cases = [
  { name: 'a text' },
  { name: 'a text with its source', manner: 'citing' },
  { name: 'a tool', more: { tools: [forecast] } },
  { name: 'tools', more: { tools: [forecast, history], tool_choice: parallel } },
  { name: 'thoughts and a text', more: { thinking } },
  {
    name: 'thoughts and tools',
    more: { thinking, tools: [forecast, history], tool_choice: parallel },
  },
  { name: 'a text that was cut', manner: 'cut' },
  { name: 'a long text', tokens: 4000 },
];

// What the client's parser adds.
function comparable(answer) {
  const { parsed_output: _, ...rest } = plain(answer);
  return rest;
}

// What the endpoint itself says whole and what is made of its stream differ in what it numbers.
function unnumbered(answer) {
  const { id: _, ...rest } = plain(answer);
  for (const block of rest.content) {
    if (block.id) block.id = block.id.replace(/mock[0-9a-f]{8}/, '');
  }
  return rest;
}

// The kinds of events, with however many pieces as one.
function course(events) {
  const types = events
    .map(({ type, index, content_block, delta }) =>
      [type, index, content_block?.type, delta?.type].join(' '))
    .filter((type) => !type.startsWith('ping'));
  return types.filter((type, i) => types[i - 1] !== type);
}

test('messages in both forms', async (t) => {
  const stage = await Stage.open(t);
  const { fetch, labels } = Stage.labelled();
  const client = (baseURL) => new Anthropic({ apiKey: 'sk-test', baseURL, maxRetries: 0, fetch });
  const { messages } = client(stage.url);
  const direct = client(stage.mockUrl).messages;

  for (const one of cases) {
    const said = saying(one);
    const question = (direction) => ({
      model: 'claude-test',
      max_tokens: 4096,
      messages: [{ role: 'user', content: `${one.name} ${direction}` }],
      ...one.more,
    });

    await t.test(`${one.name}: a recorded stream is given whole`, async () => {
      const [streamed, whole] = await oneEntry(stage, labels, {
        record: () => messages.stream(question('->'), said).finalMessage(),
        ask: () => messages.create(question('->')),
      });
      fits(message, whole);
      assert.deepEqual(plain(whole), comparable(streamed));
      const original = await direct.create(question('->'), said);
      assert.deepEqual(unnumbered(whole), unnumbered(original));
    });

    await t.test(`${one.name}: a whole answer is streamed`, async () => {
      const [whole, [events, streamed]] = await oneEntry(stage, labels, {
        record: () => messages.create(question('<-'), said),
        ask: async () => [
          await collect(await messages.create({ ...question('<-'), stream: true })),
          await messages.stream(question('<-')).finalMessage(),
        ],
      });
      fits(message, whole);
      assert.deepEqual(comparable(streamed), plain(whole));
      const original = await collect(
        await direct.create({ ...question('<-'), stream: true }, said),
      );
      assert.deepEqual(course(events), course(original));
    });
  }

  await t.test("the helper's events add up", async () => {
    const question = {
      model: 'claude-test',
      max_tokens: 100,
      thinking,
      messages: [{ role: 'user', content: 'events' }],
    };
    const [whole, told] = await oneEntry(stage, labels, {
      record: () => messages.create(question),
      ask: async () => {
        const seen = { text: '', thinking: '', blocks: 0 };
        await messages
          .stream(question)
          .on('text', (delta) => (seen.text += delta))
          .on('thinking', (delta) => (seen.thinking += delta))
          .on('contentBlock', () => (seen.blocks += 1))
          .done();
        return seen;
      },
    });
    const [{ thinking: thought }, { text }] = whole.content;
    assert.deepEqual(told, { text, thinking: thought, blocks: 2 });
  });

  await t.test('structured outputs are parsed in both forms', async () => {
    const question = (content) => ({
      model: 'claude-test',
      max_tokens: 100,
      messages: [{ role: 'user', content }],
      output_config: { format: zodOutputFormat(Trip) },
    });
    const streaming = (content) => messages.stream(question(content)).finalMessage();
    const parsed = (answer) => Trip.parse(answer.parsed_output);
    const [streamed, whole] = await oneEntry(stage, labels, {
      record: () => streaming('shape ->'),
      ask: () => messages.parse(question('shape ->')),
    });
    assert.deepEqual(parsed(whole), parsed(streamed));
    const [first, second] = await oneEntry(stage, labels, {
      record: () => messages.parse(question('shape <-')),
      ask: () => streaming('shape <-'),
    });
    assert.deepEqual(parsed(second), parsed(first));
  });
});
