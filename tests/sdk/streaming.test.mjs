import test from 'node:test';
import assert from 'node:assert/strict';
import { Stage, collect, eventually } from './support.mjs';

const question = (text) => ({
  model: 'gpt-test',
  messages: [{ role: 'user', content: text }],
  stream: true,
});

// The endpoint sends half of its answer and waits to be told to go on, so that what arrives before
// cannot have waited for the rest.
test('streaming', async (t) => {
  const stage = await Stage.open(t);
  const chat = stage.client.chat.completions;

  await t.test('the first asker sees what is there while the rest is not', async () => {
    const stream = await chat.create(question('pieces'), { headers: { 'X-Mock-Hold': 'pieces' } });
    const events = stream[Symbol.asyncIterator]();
    const first = await events.next();
    assert.equal(first.value.choices[0].delta.role, 'assistant');
    const second = await events.next();
    assert.ok(second.value.choices[0].delta.content.length > 0);
    assert.equal((await stage.counts()).answered, 0);
    await stage.release('pieces');
    let last;
    for (let event = await events.next(); !event.done; event = await events.next()) {
      last = event.value;
    }
    assert.equal(last.choices[0].finish_reason, 'stop');
    assert.equal((await stage.counts()).answered, 1);
  });

  await t.test('a second asker joins the stream in flight', async () => {
    const hold = { headers: { 'X-Mock-Hold': 'shared' } };
    const before = (await stage.counts()).requests;
    const leader = await chat.create(question('shared'), hold).withResponse();
    assert.equal(leader.response.headers.get('x-cache'), 'MISS');
    const follower = await chat.create(question('shared'), hold).withResponse();
    assert.equal(follower.response.headers.get('x-cache'), 'COALESCED');
    const events = follower.data[Symbol.asyncIterator]();
    assert.equal((await events.next()).value.choices[0].delta.role, 'assistant');
    await stage.release('shared');
    const rest = [];
    for (let event = await events.next(); !event.done; event = await events.next()) {
      rest.push(event.value);
    }
    const all = await collect(leader.data);
    assert.deepEqual(rest, all.slice(1));
    assert.equal((await stage.counts()).requests, before + 1);
  });

  await t.test('who leaves takes the upstream request along', async () => {
    const stream = await chat.create(question('left'), { headers: { 'X-Mock-Hold': 'left' } });
    for await (const chunk of stream) {
      assert.ok(chunk);
      break; // the client aborts its request here
    }
    await eventually(() => stage.counts(), (counts) => counts.aborted === 1);
    const { data, response } = await chat.create(question('left')).withResponse();
    assert.equal(response.headers.get('x-cache'), 'MISS');
    await collect(data);
  });

  await t.test('an abort before the first byte does too', async () => {
    const before = await stage.counts();
    const controller = new AbortController();
    const asked = stage.client.chat.completions.create(
      { ...question('early'), stream: false },
      { headers: { 'X-Mock-Delay': '600000' }, signal: controller.signal },
    );
    asked.catch(() => {});
    await eventually(() => stage.counts(), (counts) => counts.requests === before.requests + 1);
    controller.abort();
    await assert.rejects(asked, { name: 'Error', message: /abort/i });
    await eventually(() => stage.counts(), (counts) => counts.aborted === before.aborted + 1);
  });

  await t.test('one of two leaves and the other gets all', async () => {
    const hold = { headers: { 'X-Mock-Hold': 'stays' } };
    const before = await stage.counts();
    const leaver = await chat.create(question('stays'), hold);
    const stayer = await chat.create(question('stays'), hold).withResponse();
    assert.equal(stayer.response.headers.get('x-cache'), 'COALESCED');
    leaver.controller.abort();
    await stage.release('stays');
    const chunks = await collect(stayer.data);
    assert.equal(chunks.at(-1).choices[0].finish_reason, 'stop');
    assert.equal((await stage.counts()).aborted, before.aborted);
    const again = await chat.create(question('stays')).withResponse();
    assert.equal(again.response.headers.get('x-cache'), 'HIT');
    assert.deepEqual(await collect(again.data), chunks);
  });
});
