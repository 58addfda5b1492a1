import test from 'node:test';
import { createServer } from 'node:net';
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { Stage, collect } from './support.mjs';

const question = (text, more = {}) => ({
  model: 'gpt-test',
  messages: [{ role: 'user', content: text }],
  ...more,
});

const classes = [
  [400, OpenAI.BadRequestError],
  [401, OpenAI.AuthenticationError],
  [403, OpenAI.PermissionDeniedError],
  [404, OpenAI.NotFoundError],
  [409, OpenAI.ConflictError],
  [422, OpenAI.UnprocessableEntityError],
  [429, OpenAI.RateLimitError],
  [500, OpenAI.InternalServerError],
  [503, OpenAI.InternalServerError],
];

async function failureOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail('should have failed');
}

test("the endpoint's errors", async (t) => {
  const stage = await Stage.open(t);
  const chat = stage.client.chat.completions;

  for (const [status, kind] of classes) {
    await t.test(`${status} arrives as itself and is not remembered`, async () => {
      const before = (await stage.counts()).requests;
      for (let i = 0; i < 2; ++i) {
        const error = await failureOf(
          chat.create(question(`e${status}`), { headers: { 'X-Mock-Status': String(status) } }),
        );
        assert.ok(error instanceof kind, `${error.constructor.name} for ${status}`);
        assert.equal(error.status, status);
        assert.equal(error.code, `mock_${status}`);
        assert.equal(error.headers.get('x-cache'), 'MISS');
      }
      assert.equal((await stage.counts()).requests, before + 2);
      const { response } = await chat.create(question(`e${status}`)).withResponse();
      assert.equal(response.headers.get('x-cache'), 'MISS');
    });
  }

  for (const failure of ['truncate', 'reset-mid', 'error-event']) {
    await t.test(`${failure}: a torn stream is an error and is not remembered`, async () => {
      const ask = question(failure, { stream: true });
      const stream = await chat.create(ask, { headers: { 'X-Mock-Fail': failure } });
      await assert.rejects(collect(stream));
      const { data, response } = await chat.create(ask).withResponse();
      assert.equal(response.headers.get('x-cache'), 'MISS');
      await collect(data);
    });
    await t.test(`${failure}: a torn answer is not remembered`, async () => {
      const ask = question(`${failure} whole`);
      await chat.create(ask, { headers: { 'X-Mock-Fail': failure } }).catch(() => {});
      const { response } = await chat.create(ask).withResponse();
      assert.equal(response.headers.get('x-cache'), 'MISS');
    });
  }
});

test("reprise's own errors", async (t) => {
  const stage = await Stage.open(t);
  const chat = stage.client.chat.completions;

  await t.test('an upstream that hangs up before its head is a 502', async () => {
    const error = await failureOf(
      chat.create(question('hung up'), { headers: { 'X-Mock-Fail': 'reset-before-head' } }),
    );
    assert.ok(error instanceof OpenAI.InternalServerError);
    assert.equal(error.status, 502);
    assert.equal(error.type, 'reprise_error');
    assert.equal(error.code, 'upstream_protocol');
  });

  await t.test('only-if-cached without an answer is a 504 that is not tried again', async () => {
    const before = (await stage.counts()).requests;
    const patient = stage.newClient({ maxRetries: 2 });
    const error = await failureOf(
      patient.chat.completions.create(question('unknown'), {
        headers: { 'Cache-Control': 'only-if-cached' },
      }),
    );
    assert.equal(error.status, 504);
    assert.equal(error.code, 'not_cached');
    assert.equal(error.headers.get('x-should-retry'), 'false');
    assert.equal((await stage.counts()).requests, before);
  });

  await t.test('a directive that makes no sense is a 400', async () => {
    const error = await failureOf(
      chat.create(question('odd'), { headers: { 'Cache-Control': 'max-age=soon' } }),
    );
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.type, 'reprise_error');
    assert.equal(error.code, 'bad_request');
    assert.match(error.message, /max-age/);
  });

  await t.test('nobody listening upstream is a 502', async (inner) => {
    const lonely = await Stage.open(inner, { upstream: `http://${await freeAddress()}` });
    const error = await failureOf(lonely.client.chat.completions.create(question('anyone?')));
    assert.equal(error.status, 502);
    assert.equal(error.code, 'upstream_unreachable');
  });
});

// An address that nobody listens at.
async function freeAddress() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}
