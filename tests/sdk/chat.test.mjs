import test from 'node:test';
import assert from 'node:assert/strict';
import { Stage, bytesOfMissAndHit, collect, missThenHit } from './support.mjs';

const question = (text, more = {}) => ({
  model: 'gpt-test',
  messages: [{ role: 'user', content: text }],
  ...more,
});
const tools = [
  { type: 'function', function: { name: 'forecast', parameters: { type: 'object' } } },
];
const textOf = (chunks) => chunks.map((chunk) => chunk.choices[0]?.delta?.content ?? '').join('');

test('chat completions', async (t) => {
  const stage = await Stage.open(t);
  const chat = stage.client.chat.completions;

  await t.test('an answer is remembered, its id included', async () => {
    const before = (await stage.counts()).requests;
    const [miss, hit] = await missThenHit(() => chat.create(question('plain')));
    assert.ok(miss.choices[0].message.content.length > 0);
    assert.deepEqual({ ...hit }, { ...miss });
    assert.equal((await stage.counts()).requests, before + 1);
  });

  await t.test('the request reaches the endpoint as it was sent', async () => {
    await chat.create(question('untouched', { user: 'someone', seed: 7 }));
    const seen = await stage.lastRequest();
    assert.equal(seen.method, 'POST');
    assert.equal(seen.target, '/v1/chat/completions');
    assert.deepEqual(JSON.parse(seen.body), question('untouched', { user: 'someone', seed: 7 }));
    const names = seen.fields.map(([name]) => name.toLowerCase());
    assert.ok(names.includes('authorization'));
    assert.ok(names.includes('x-stainless-lang'));
  });

  await t.test('a stream is remembered event by event', async () => {
    const [miss, hit] = await missThenHit(
      () => chat.create(question('stream', { stream: true })),
      collect,
    );
    assert.ok(miss.length > 3);
    assert.deepEqual(hit, miss);
  });

  await t.test('a stream is remembered byte for byte', async () => {
    const [miss, hit] = await bytesOfMissAndHit(() =>
      chat.create(question('bytes', { stream: true, stream_options: { include_usage: true } })),
    );
    assert.ok(miss.toString().endsWith('data: [DONE]\n\n'));
    assert.ok(miss.equals(hit));
  });

  await t.test('usage comes with a stream that asks for it', async () => {
    const [miss, hit] = await missThenHit(
      () =>
        chat.create(question('usage', { stream: true, stream_options: { include_usage: true } })),
      collect,
    );
    assert.ok(miss.at(-1).usage.total_tokens > 0);
    assert.deepEqual(hit.at(-1), miss.at(-1));
  });

  await t.test('another form comes from the same entry', async () => {
    const before = (await stage.counts()).requests;
    const streamed = await collect(await chat.create(question('both', { stream: true })));
    const { data: whole, response } = await chat.create(question('both')).withResponse();
    assert.equal(response.headers.get('x-cache'), 'HIT');
    assert.equal(response.headers.get('content-type'), 'application/json');
    assert.equal(whole.object, 'chat.completion');
    assert.equal(whole.choices[0].message.content, textOf(streamed));
    assert.deepEqual(
      await collect(await chat.create(question('both', { stream: true }))),
      streamed,
    );
    assert.equal((await stage.counts()).requests, before + 1);
  });

  await t.test('tool calls are remembered', async () => {
    const [miss, hit] = await missThenHit(() => chat.create(question('tools', { tools })));
    assert.equal(miss.choices[0].message.tool_calls[0].function.name, 'forecast');
    assert.deepEqual(hit.choices, miss.choices);
  });

  await t.test('streamed tool calls are remembered and put together alike', async () => {
    const calls = [];
    for (let i = 0; i < 2; ++i) {
      const final = await chat.stream(question('tool stream', { tools })).finalChatCompletion();
      calls.push(final.choices[0].message.tool_calls);
    }
    assert.equal(calls[0][0].function.name, 'forecast');
    assert.equal(JSON.parse(calls[0][0].function.arguments).days, 3);
    assert.deepEqual(calls[1], calls[0]);
  });

  await t.test('several choices are remembered', async () => {
    const [miss, hit] = await missThenHit(() => chat.create(question('three', { n: 3 })));
    assert.equal(new Set(miss.choices.map((choice) => choice.message.content)).size, 3);
    assert.deepEqual(hit.choices, miss.choices);
  });

  await t.test('another key is another asker', async () => {
    await chat.create(question('mine'));
    const other = stage.newClient({ apiKey: 'sk-other' });
    const { response } = await other.chat.completions.create(question('mine')).withResponse();
    assert.equal(response.headers.get('x-cache'), 'MISS');
  });

  await t.test('what asks for a side effect goes by the cache', async () => {
    const before = (await stage.counts()).requests;
    for (let i = 0; i < 2; ++i) {
      const { response } = await chat.create(question('kept', { store: true })).withResponse();
      assert.equal(response.headers.get('x-cache'), 'BYPASS');
    }
    assert.equal((await stage.counts()).requests, before + 2);
  });
});
