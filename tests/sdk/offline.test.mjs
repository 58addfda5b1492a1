// An application's tests without network, key or cost: answers that were recorded into a folder are
// given again by a reprise that never contacts anybody.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { Stage, collect, eventually } from './support.mjs';

const question = (text, more = {}) => ({
  model: 'gpt-test',
  messages: [{ role: 'user', content: text }],
  ...more,
});
const weather = {
  type: 'function',
  function: { name: 'forecast', parameters: { type: 'object' } },
};

test('offline', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'reprise-tape-'));
  t.after(() => rm(folder, { recursive: true }));
  const tape = join(folder, 'tape');
  const files = async () => {
    const names = await readdir(tape, { recursive: true });
    return names.filter((name) => /[0-9a-f]{32}\.json$/.test(name));
  };

  const recording = await Stage.open(t, { options: ['--cassette', tape] });
  const client = recording.newClient({ apiKey: 'sk-very-secret' });
  const chat = await client.chat.completions.create(question('whole'));
  const events = await collect(
    await client.chat.completions.create(question('streamed', { stream: true })),
  );
  const called = await client.chat.completions.create(question('tools', { tools: [weather] }));
  const embedded = await client.embeddings.create({ model: 'embed-test', input: 'text' });
  const response = await client.responses.create({ model: 'gpt-test', input: 'hello' });
  await eventually(files, (names) => names.length === 5);

  await t.test('no credential is in any file', async () => {
    for (const name of await files()) {
      assert.ok(!(await readFile(join(tape, name), 'utf8')).includes('sk-very-secret'), name);
    }
  });

  const asked = (await recording.counts()).requests;
  const offline = await Stage.open(t, {
    upstream: recording.mockUrl,
    options: ['--mode', 'offline', '--cassette', tape],
  });
  const without = new OpenAI({ apiKey: 'none', baseURL: `${offline.url}/v1`, maxRetries: 2 });

  await t.test('every recorded answer is given again', async () => {
    const { data, response: raw } = await without.chat.completions
      .create(question('whole'))
      .withResponse();
    assert.equal(raw.headers.get('x-cache'), 'HIT');
    assert.deepEqual({ ...data }, { ...chat });
    assert.deepEqual(
      await collect(await without.chat.completions.create(question('streamed', { stream: true }))),
      events,
    );
    assert.deepEqual(
      (await without.chat.completions.create(question('tools', { tools: [weather] }))).choices,
      called.choices,
    );
    assert.deepEqual(
      (await without.embeddings.create({ model: 'embed-test', input: 'text' })).data,
      embedded.data,
    );
    const again = await without.responses.create({ model: 'gpt-test', input: 'hello' });
    assert.equal(again.output_text, response.output_text);
  });

  await t.test('in the form that is asked for', async () => {
    const final = await without.chat.completions.stream(question('whole')).finalChatCompletion();
    assert.equal(final.choices[0].message.content, chat.choices[0].message.content);
  });

  await t.test('an unknown question is an error that says which is near', async () => {
    await assert.rejects(without.chat.completions.create(question('unknown')), (error) => {
      assert.ok(error instanceof OpenAI.InternalServerError);
      assert.equal(error.status, 504);
      assert.equal(error.code, 'not_cached');
      assert.match(error.message, /nearest known question is [0-9a-f]{32}, .*messages/);
      return true;
    });
    assert.equal((await recording.counts()).requests, asked);
  });
});
