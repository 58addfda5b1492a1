import test from 'node:test';
import assert from 'node:assert/strict';
import { Stage, bytesOfMissAndHit, collect, missThenHit } from './support.mjs';

const question = (input, more = {}) => ({ model: 'gpt-test', input, ...more });
const tools = [
  { type: 'function', name: 'forecast', parameters: { type: 'object' }, strict: false },
];

test('responses', async (t) => {
  const stage = await Stage.open(t);
  const responses = stage.client.responses;

  await t.test('an answer is remembered', async () => {
    const [miss, hit] = await missThenHit(() => responses.create(question('plain')));
    assert.ok(miss.output_text.length > 0);
    assert.equal(hit.id, miss.id);
    assert.equal(hit.output_text, miss.output_text);
  });

  await t.test('a stream is remembered event by event', async () => {
    const [miss, hit] = await missThenHit(
      () => responses.create(question('stream', { stream: true })),
      collect,
    );
    assert.equal(miss[0].type, 'response.created');
    assert.equal(miss.at(-1).type, 'response.completed');
    assert.deepEqual(hit, miss);
  });

  await t.test('a stream is remembered byte for byte', async () => {
    const [miss, hit] = await bytesOfMissAndHit(() =>
      responses.create(question('bytes', { stream: true })),
    );
    assert.ok(miss.length > 0);
    assert.ok(miss.equals(hit));
  });

  await t.test('another form comes from the same entry', async () => {
    const streamed = await responses.stream(question('both')).finalResponse();
    const { data: whole, response } = await responses.create(question('both')).withResponse();
    assert.equal(response.headers.get('x-cache'), 'HIT');
    assert.equal(whole.id, streamed.id);
    assert.equal(whole.output_text, streamed.output_text);
  });

  await t.test("the client's own way of putting a stream together takes a replay", async () => {
    const finals = [];
    for (let i = 0; i < 2; ++i) {
      finals.push(await responses.stream(question('helper')).finalResponse());
    }
    assert.equal(finals[0].output_text.length > 0, true);
    assert.deepEqual(finals[1].output, finals[0].output);
    assert.equal(finals[1].id, finals[0].id);
  });

  await t.test('tool calls are remembered, streamed or not', async () => {
    const [miss, hit] = await missThenHit(() => responses.create(question('tools', { tools })));
    assert.equal(miss.output[0].type, 'function_call');
    assert.deepEqual(hit.output, miss.output);
    const [first, second] = await missThenHit(
      () => responses.create(question('tool stream', { tools, stream: true })),
      collect,
    );
    const done = first.find((event) => event.type === 'response.function_call_arguments.done');
    assert.equal(JSON.parse(done.arguments).days, 3);
    assert.deepEqual(second, first);
  });

  await t.test('a question that leans on hidden state goes by the cache', async () => {
    const { response } = await responses
      .create(question('more', { previous_response_id: 'resp_1' }))
      .withResponse();
    assert.equal(response.headers.get('x-cache'), 'BYPASS');
  });
});
