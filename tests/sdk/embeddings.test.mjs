import test from 'node:test';
import assert from 'node:assert/strict';
import { Stage, missThenHit } from './support.mjs';

test('embeddings, completions, moderations and models', async (t) => {
  const stage = await Stage.open(t);
  const { client } = stage;

  await t.test('embeddings: what the client asks for when told nothing', async () => {
    const [miss, hit] = await missThenHit(() =>
      client.embeddings.create({ model: 'embed-test', input: ['one', 'two'] }),
    );
    assert.equal(JSON.parse((await stage.lastRequest()).body).encoding_format, 'base64');
    assert.equal(miss.data.length, 2);
    assert.equal(typeof miss.data[0].embedding[0], 'number');
    assert.notDeepEqual(miss.data[0].embedding, miss.data[1].embedding);
    assert.deepEqual(hit.data, miss.data);
  });

  await t.test('embeddings: floats are an answer of their own', async () => {
    const [miss, hit] = await missThenHit(() =>
      client.embeddings.create({
        model: 'embed-test', input: ['one', 'two'], encoding_format: 'float',
      }),
    );
    assert.deepEqual(hit.data, miss.data);
  });

  await t.test('completions, whole and streamed', async () => {
    const ask = { model: 'text-test', prompt: 'Once' };
    const [miss, hit] = await missThenHit(() => client.completions.create(ask));
    assert.ok(miss.choices[0].text.length > 0);
    assert.deepEqual(hit.choices, miss.choices);
    const streamed = { model: 'text-test', prompt: 'Twice', stream: true };
    const [first, second] = await missThenHit(
      () => client.completions.create(streamed),
      async (stream) => {
        const texts = [];
        for await (const chunk of stream) texts.push(chunk.choices[0].text);
        return texts;
      },
    );
    assert.ok(first.length > 3);
    assert.deepEqual(second, first);
  });

  await t.test('moderations', async () => {
    const [miss, hit] = await missThenHit(() => client.moderations.create({ input: 'harmless' }));
    assert.equal(miss.results[0].flagged, false);
    assert.equal(hit.id, miss.id);
  });

  await t.test('models pass through and carry no label', async () => {
    const before = (await stage.counts()).requests;
    for (let i = 0; i < 2; ++i) {
      const { data, response } = await client.models.list().withResponse();
      assert.ok(data.data.length > 0);
      assert.equal(response.headers.get('x-cache'), null);
    }
    assert.equal((await stage.counts()).requests, before + 2);
  });
});
