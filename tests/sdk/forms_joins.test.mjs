// Askers of different forms share one request in flight.
import test from 'node:test';
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { Stage, collect } from './support.mjs';

const chatQuestion = (text) => ({ model: 'gpt-test', messages: [{ role: 'user', content: text }] });
const responsesQuestion = (input) => ({ model: 'gpt-test', input });
const messagesQuestion = (text) => ({ ...chatQuestion(text), max_tokens: 100 });

// Whom to ask, how to put it, and how the client's helper gives the whole of a stream.
function asked(client, anthropic) {
  return [
    {
      name: 'chat',
      api: client.chat.completions,
      question: chatQuestion,
      whole: (stream) => stream.finalChatCompletion(),
      text: (answer) => answer.choices[0].message.content,
    },
    {
      name: 'responses',
      api: client.responses,
      question: responsesQuestion,
      whole: (stream) => stream.finalResponse(),
      text: (answer) => answer.output_text,
    },
    {
      name: 'messages',
      api: anthropic.messages,
      question: messagesQuestion,
      whole: (stream) => stream.finalMessage(),
      text: (answer) => answer.content[0].text,
    },
  ];
}

test('joins across forms', async (t) => {
  const stage = await Stage.open(t);
  const { fetch, labels } = Stage.labelled();
  const anthropic = new Anthropic({ apiKey: 'sk-test', baseURL: stage.url, maxRetries: 0, fetch });

  for (const { name, api, question, whole, text } of asked(stage.newClient({ fetch }), anthropic)) {
    const hold = (by) => ({ headers: { 'X-Mock-Hold': `${name}-${by}` } });

    await t.test(`${name}: who wants it whole joins a stream`, async () => {
      labels.length = 0;
      const before = (await stage.counts()).requests;
      const stream = api.stream(question('held stream'), hold('stream'));
      const streamed = whole(stream);
      await stage.inFlight(1);
      const joiners = [1, 2].map(() => api.create(question('held stream')));
      await stage.inFlight(3);
      await stage.release(`${name}-stream`);
      const first = await streamed;
      for (const answer of await Promise.all(joiners)) {
        assert.equal(answer.id, first.id);
        assert.ok(text(answer).length > 0);
        assert.equal(text(answer), text(first));
      }
      assert.deepEqual(labels.sort(), ['COALESCED', 'COALESCED', 'MISS']);
      assert.equal((await stage.counts()).requests, before + 1);
    });

    await t.test(`${name}: who wants a stream joins a whole answer`, async () => {
      labels.length = 0;
      const before = (await stage.counts()).requests;
      const first = api.create(question('held whole'), hold('whole'));
      await stage.inFlight(1);
      const helped = whole(api.stream(question('held whole')));
      const iterated = api.create({ ...question('held whole'), stream: true }).then(collect);
      await stage.inFlight(3);
      await stage.release(`${name}-whole`);
      const answer = await first;
      assert.equal((await helped).id, answer.id);
      assert.equal(text(await helped), text(answer));
      assert.ok((await iterated).length > 3);
      assert.deepEqual(labels.sort(), ['COALESCED', 'COALESCED', 'MISS']);
      assert.equal((await stage.counts()).requests, before + 1);
    });
  }

  await t.test('streams with and without usage share one request', async () => {
    const { completions } = stage.newClient({ fetch }).chat;
    const before = (await stage.counts()).requests;
    const options = { stream: true, stream_options: { include_usage: true } };
    const leader = await completions.create(
      { ...chatQuestion('usage'), ...options },
      { headers: { 'X-Mock-Hold': 'usage' } },
    );
    labels.length = 0;
    const joiner = await completions.create({ ...chatQuestion('usage'), stream: true });
    assert.deepEqual(labels, ['COALESCED']);
    await stage.release('usage');
    const without = await collect(joiner);
    const withIt = await collect(leader);
    assert.ok(withIt.at(-1).usage.total_tokens > 0);
    assert.ok(without.every((chunk) => !chunk.usage));
    assert.deepEqual(without, withIt.slice(0, -1));
    assert.equal((await stage.counts()).requests, before + 1);
  });

  await t.test('who waits for the whole of a torn stream is answered by another', async () => {
    const { completions } = stage.newClient({ fetch }).chat;
    const before = (await stage.counts()).requests;
    labels.length = 0;
    const leader = await completions.create(
      { ...chatQuestion('torn'), stream: true },
      { headers: { 'X-Mock-Hold': 'torn', 'X-Mock-Fail': 'truncate' } },
    );
    const torn = assert.rejects(collect(leader));
    const joined = completions.create(chatQuestion('torn'));
    await stage.inFlight(2);
    await stage.release('torn');
    await torn;
    assert.ok((await joined).choices[0].message.content.length > 0);
    assert.deepEqual(labels, ['MISS', 'MISS']);
    assert.equal((await stage.counts()).requests, before + 2);
  });
});
