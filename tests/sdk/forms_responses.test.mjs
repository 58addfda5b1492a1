// responses, recorded in one form and asked for in the other, by the official client.
import test from 'node:test';
import assert from 'node:assert/strict';
import { zodTextFormat } from 'openai/helpers/zod';
import { Stage, Trip, collect, oneEntry, plain, saying, tripSchema } from './support.mjs';
import { fits, response } from './shapes.mjs';

const named = (name) => ({ type: 'function', name, parameters: tripSchema, strict: false });
const forecast = named('forecast');
const history = named('history');
const shell = { type: 'custom', name: 'shell' };

const cases = [
  { name: 'a text' },
  { name: 'logprobs', more: { include: ['message.output_text.logprobs'] } },
  { name: 'a refusal', manner: 'refusing' },
  { name: 'a text with its source', manner: 'citing' },
  { name: 'a function', more: { tools: [forecast] } },
  { name: 'functions', more: { tools: [forecast, history], parallel_tool_calls: true } },
  { name: 'a custom tool', more: { tools: [shell] } },
  { name: 'reasoning and a text', more: { reasoning: { summary: 'auto' } } },
  {
    name: 'reasoning and tools',
    more: { reasoning: { summary: 'auto' }, tools: [forecast, shell], parallel_tool_calls: true },
  },
  { name: 'a text that was cut', manner: 'cut' },
  { name: 'a long text', tokens: 4000 },
];

// What the client's parser adds.
function comparable(answer) {
  const { output_parsed: _, ...rest } = plain(answer);
  for (const item of rest.output) {
    delete item.parsed_arguments;
    for (const part of item.content ?? []) delete part.parsed;
  }
  return rest;
}

// The kinds of events, with however many pieces as one.
function course(events) {
  const types = events.map(({ type, item, part }) =>
    [type, item?.type, part?.type].filter(Boolean).join(' '));
  return types.filter((type, i) => !type.endsWith('.delta') || types[i - 1] !== type);
}

test('responses in both forms', async (t) => {
  const stage = await Stage.open(t);
  const { fetch, labels } = Stage.labelled();
  const { responses } = stage.newClient({ fetch });
  const direct = stage.newClient({ baseURL: `${stage.mockUrl}/v1` }).responses;

  for (const one of cases) {
    const said = saying(one);
    const question = (direction) => ({
      model: 'gpt-test',
      input: `${one.name} ${direction}`,
      ...one.more,
    });

    await t.test(`${one.name}: a recorded stream is given whole`, async () => {
      const [streamed, whole] = await oneEntry(stage, labels, {
        record: () => responses.stream(question('->'), said).finalResponse(),
        ask: () => responses.create(question('->')),
      });
      fits(response, whole);
      assert.deepEqual(comparable(whole), comparable(streamed));
    });

    await t.test(`${one.name}: a whole answer is streamed`, async () => {
      const [whole, [events, streamed]] = await oneEntry(stage, labels, {
        record: () => responses.create(question('<-'), said),
        ask: async () => [
          await collect(await responses.create({ ...question('<-'), stream: true })),
          await responses.stream(question('<-')).finalResponse(),
        ],
      });
      fits(response, whole);
      assert.deepEqual(comparable(streamed), comparable(whole));
      assert.deepEqual(events.map((event) => event.sequence_number), [...events.keys()]);
      const original = await collect(
        await direct.create({ ...question('<-'), stream: true }, said),
      );
      assert.deepEqual(course(events), course(original));
      // Every member that the endpoint's events have is there, and no other.
      const members = (all) =>
        Object.fromEntries(all.map((event) => [event.type, Object.keys(event).sort()]));
      assert.deepEqual(members(events), members(original));
    });
  }

  await t.test("the helper's events and its iteration add up", async () => {
    const question = { model: 'gpt-test', input: 'events' };
    const [whole, told] = await oneEntry(stage, labels, {
      record: () => responses.create(question),
      ask: async () => {
        let snapshot = '';
        const stream = responses.stream(question);
        stream.on('response.output_text.delta', (event) => (snapshot = event.snapshot));
        const events = await collect(stream);
        return { snapshot, last: events.at(-1).type };
      },
    });
    assert.deepEqual(told, { snapshot: whole.output_text, last: 'response.completed' });
  });

  await t.test('obfuscation is left out for who does not want it', async () => {
    const question = (include_obfuscation) => ({
      model: 'gpt-test', input: 'padded', stream: true, stream_options: { include_obfuscation },
    });
    const [padded, bare] = await oneEntry(stage, labels, {
      record: async () => collect(await responses.create(question(true))),
      ask: async () => collect(await responses.create(question(false))),
    });
    assert.ok(padded.some((event) => event.obfuscation));
    assert.deepEqual(bare, padded.map(({ obfuscation: _, ...event }) => event));
  });

  await t.test('structured outputs are parsed in both forms', async () => {
    const question = (input) => ({
      model: 'gpt-test', input, text: { format: zodTextFormat(Trip, 'trip') },
    });
    const streaming = (input) => responses.stream(question(input)).finalResponse();
    const parsed = (answer) => Trip.parse(answer.output_parsed);
    const [streamed, whole] = await oneEntry(stage, labels, {
      record: () => streaming('shape ->'),
      ask: () => responses.parse(question('shape ->')),
    });
    assert.deepEqual(parsed(whole), parsed(streamed));
    const [first, second] = await oneEntry(stage, labels, {
      record: () => responses.parse(question('shape <-')),
      ask: () => streaming('shape <-'),
    });
    assert.deepEqual(parsed(second), parsed(first));
  });
});
