// chat/completions, recorded in one form and asked for in the other, by the official client.
import test from 'node:test';
import assert from 'node:assert/strict';
import { zodResponseFormat } from 'openai/helpers/zod';
import { Stage, Trip, collect, oneEntry, plain, saying, tripSchema } from './support.mjs';
import { chatChunk, chatCompletion, fits } from './shapes.mjs';

const forecast = { type: 'function', function: { name: 'forecast', parameters: tripSchema } };
const history = { type: 'function', function: { name: 'history', parameters: tripSchema } };
const shell = { type: 'custom', custom: { name: 'shell' } };
const withUsage = { stream_options: { include_usage: true } };

const cases = [
  { name: 'a text' },
  { name: 'three choices', more: { n: 3 } },
  { name: 'logprobs', more: { logprobs: true, n: 2 } },
  { name: 'a refusal', manner: 'refusing' },
  { name: 'a refusal with logprobs', manner: 'refusing', more: { logprobs: true } },
  { name: 'a text with its source', manner: 'citing' },
  { name: 'a tool', more: { tools: [forecast] } },
  { name: 'tools', more: { tools: [forecast, history, shell], parallel_tool_calls: true } },
  {
    name: 'tools in two choices',
    more: { tools: [history, forecast], parallel_tool_calls: true, n: 2 },
  },
  { name: 'thoughts', more: { thinking: { type: 'enabled' } }, lastThought: true },
  { name: 'a text that was cut', manner: 'cut' },
  { name: 'a long text', tokens: 4000 },
];

// Of what a stream says piece by piece this client's helper keeps the last piece, where it does not
// know the member.
function comparable(completion, { lastThought }) {
  const answer = plain(completion);
  for (const { message } of answer.choices) {
    delete message.parsed;
    for (const call of message.tool_calls ?? []) delete call.function?.parsed_arguments;
    if (lastThought) delete message.reasoning_content;
  }
  return answer;
}

// What the endpoint itself says whole and what is made of its stream differ in what it numbers.
function unnumbered(completion) {
  const answer = plain(completion);
  delete answer.id;
  delete answer.created;
  for (const { message } of answer.choices) {
    if (message.annotations?.length === 0) delete message.annotations;
    for (const call of message.tool_calls ?? []) call.id = call.id.replace(/mock[0-9a-f]{8}/, '');
  }
  return answer;
}

test('chat completions in both forms', async (t) => {
  const stage = await Stage.open(t);
  const { fetch, labels } = Stage.labelled();
  const chat = stage.newClient({ fetch }).chat.completions;
  const direct = stage.newClient({ baseURL: `${stage.mockUrl}/v1` }).chat.completions;

  for (const one of cases) {
    const said = saying(one);
    const question = (direction, more = {}) => ({
      model: 'gpt-test',
      messages: [{ role: 'user', content: `${one.name} ${direction}` }],
      ...one.more,
      ...more,
    });

    await t.test(`${one.name}: a recorded stream is given whole`, async () => {
      const [streamed, whole] = await oneEntry(stage, labels, {
        record: () => chat.stream(question('->', withUsage), said).finalChatCompletion(),
        ask: () => chat.create(question('->')),
      });
      fits(chatCompletion, whole);
      assert.deepEqual(comparable(whole, one), comparable(streamed, one));
      const original = await direct.create(question('->'), said);
      assert.deepEqual(unnumbered(whole), unnumbered(original));
    });

    await t.test(`${one.name}: a whole answer is streamed`, async () => {
      const [whole, [chunks, streamed]] = await oneEntry(stage, labels, {
        record: () => chat.create(question('<-'), said),
        ask: async () => [
          await collect(await chat.create(question('<-', { stream: true, ...withUsage }))),
          await chat.stream(question('<-', withUsage)).finalChatCompletion(),
        ],
      });
      fits(chatCompletion, whole);
      for (const chunk of chunks) fits(chatChunk, chunk);
      assert.deepEqual(comparable(streamed, one), comparable(whole, one));
    });
  }

  await t.test('usage comes with a stream only if it is asked for', async () => {
    const question = { model: 'gpt-test', messages: [{ role: 'user', content: 'usage' }] };
    const [whole, [without, withIt]] = await oneEntry(stage, labels, {
      record: () => chat.create(question),
      ask: async () => [
        await collect(await chat.create({ ...question, stream: true })),
        await collect(await chat.create({ ...question, stream: true, ...withUsage })),
      ],
    });
    assert.ok(without.every((chunk) => !('usage' in chunk)));
    assert.deepEqual(withIt.at(-1).choices, []);
    assert.deepEqual(withIt.at(-1).usage, whole.usage);
    assert.ok(withIt.slice(0, -1).every((chunk) => chunk.usage === null));
    assert.deepEqual(
      without,
      withIt.slice(0, -1).map(({ usage: _, ...chunk }) => chunk),
    );
  });

  await t.test('usage that was never said is left out, and a miss if it is asked for', async () => {
    const question = { model: 'gpt-test', messages: [{ role: 'user', content: 'no usage' }] };
    const [, whole] = await oneEntry(stage, labels, {
      record: async () => collect(await chat.create({ ...question, stream: true })),
      ask: () => chat.create(question),
    });
    fits(chatCompletion, whole);
    assert.ok(!('usage' in whole));
    labels.length = 0;
    await collect(await chat.create({ ...question, stream: true, ...withUsage }));
    assert.ok('usage' in (await chat.create(question)));
    assert.deepEqual(labels, ['MISS', 'HIT']);
  });

  await t.test('obfuscation is in no answer but the stream that came with it', async () => {
    const question = { model: 'gpt-test', messages: [{ role: 'user', content: 'padded' }] };
    const options = (include_obfuscation) => ({
      stream: true,
      stream_options: { include_obfuscation },
    });
    const [padded, [whole, bare]] = await oneEntry(stage, labels, {
      record: async () => collect(await chat.create({ ...question, ...options(true) })),
      ask: async () => [
        await chat.create(question),
        await collect(await chat.create({ ...question, ...options(false) })),
      ],
    });
    assert.ok(padded.every((chunk) => chunk.obfuscation.length > 0));
    fits(chatCompletion, whole);
    assert.deepEqual(bare, padded.map(({ obfuscation: _, ...chunk }) => chunk));
  });

  await t.test('thoughts are given whole and in pieces', async () => {
    const question = (text, more) => ({
      model: 'gpt-test',
      messages: [{ role: 'user', content: text }],
      thinking: { type: 'enabled' },
      ...more,
    });
    const thoughts = (chunks) =>
      chunks.map((chunk) => chunk.choices[0].delta.reasoning_content ?? '').join('');
    const [recorded, assembled] = await oneEntry(stage, labels, {
      record: async () => collect(await chat.create(question('think ->', { stream: true }))),
      ask: () => chat.create(question('think ->')),
    });
    assert.ok(thoughts(recorded).length > 0);
    assert.equal(assembled.choices[0].message.reasoning_content, thoughts(recorded));
    const [whole, streamed] = await oneEntry(stage, labels, {
      record: () => chat.create(question('think <-')),
      ask: async () => collect(await chat.create(question('think <-', { stream: true }))),
    });
    assert.equal(thoughts(streamed), whole.choices[0].message.reasoning_content);
  });

  await t.test('structured outputs are parsed in both forms', async () => {
    const question = (text) => ({
      model: 'gpt-test',
      messages: [{ role: 'user', content: text }],
      response_format: zodResponseFormat(Trip, 'trip'),
    });
    const parsed = (completion) => Trip.parse(completion.choices[0].message.parsed);
    const streaming = (text) => chat.stream(question(text)).finalChatCompletion();
    const [streamed, whole] = await oneEntry(stage, labels, {
      record: () => streaming('shape ->'),
      ask: () => chat.parse(question('shape ->')),
    });
    assert.deepEqual(parsed(whole), parsed(streamed));
    const [first, second] = await oneEntry(stage, labels, {
      record: () => chat.parse(question('shape <-')),
      ask: () => streaming('shape <-'),
    });
    assert.deepEqual(parsed(second), parsed(first));
  });

  await t.test('the events of the helper add up', async () => {
    const question = { model: 'gpt-test', messages: [{ role: 'user', content: 'events' }] };
    const told = { content: '', done: [] };
    await oneEntry(stage, labels, {
      record: () => chat.create(question),
      ask: () =>
        chat
          .stream(question)
          .on('content.delta', ({ delta }) => (told.content += delta))
          .on('content.done', ({ content }) => told.done.push(content))
          .done(),
    });
    assert.ok(told.content.length > 0);
    assert.deepEqual(told.done, [told.content]);
  });
});
