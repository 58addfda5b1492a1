// What every client test needs: the mock endpoint, reprise in front of it on a free port, and
// clients with nothing changed but their base URL.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { z } from 'zod';

const binaries = { reprise: process.env.REPRISE_BINARY, mock: process.env.MOCK_BINARY };

// Starts a program and resolves with it and the first match of `pattern` among its lines.
async function launch(program, args, stream, pattern) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = [];
  const lines = createInterface({ input: child[stream] });
  createInterface({ input: child[stream === 'stdout' ? 'stderr' : 'stdout'] }).on('line', (line) =>
    said.push(line),
  );
  const match = await new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line);
      const found = pattern.exec(line);
      if (found) resolve(found);
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`${program} ended (${code}) before it listened:\n${said.join('\n')}`)),
    );
  });
  return { child, match, said };
}

async function end(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  child.kill(signal);
  const [code] = await once(child, 'exit');
  return code;
}

async function json(url, init) {
  const response = await fetch(url, init);
  assert.equal(response.status, 200, url);
  return response.json();
}

// Stage: both programs and a client. Everything ends with the test, and reprise must end well.
export class Stage {
  static async open(t, { options = [], upstream } = {}) {
    const stage = new Stage();
    const mock = await launch(binaries.mock, [], 'stdout', /^listening on (\S+)/);
    t.after(() => end(mock.child, 'SIGKILL'));
    stage.mockUrl = `http://${mock.match[1]}`;
    const reprise = await launch(
      binaries.reprise,
      ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--drain', '1s',
        '--upstream', upstream ?? stage.mockUrl, ...options],
      'stderr',
      /\badmin listening\b.*\baddress="?([^\s"]+)/,
    );
    t.after(async () => {
      const code = await end(reprise.child, 'SIGTERM');
      assert.equal(code, 0, `reprise ended with ${code}:\n${reprise.said.join('\n')}`);
    });
    stage.adminUrl = `http://${reprise.match[1]}`;
    const [, address] = /\blistening\b.*\baddress="?([^\s"]+)/.exec(reprise.said.join('\n'));
    stage.url = `http://${address}`;
    stage.client = stage.newClient();
    return stage;
  }

  newClient(options = {}) {
    return new OpenAI({ apiKey: 'sk-test', baseURL: `${this.url}/v1`, maxRetries: 0, ...options });
  }

  // A way to fetch that keeps the labels of the answers, for clients that hide heads.
  static labelled() {
    const labels = [];
    return {
      labels,
      fetch: async (...request) => {
        const answer = await fetch(...request);
        labels.push(answer.headers.get('x-cache'));
        return answer;
      },
    };
  }

  // Waits until reprise works on so many requests at once.
  inFlight(count) {
    const asked = async () => (await json(`${this.adminUrl}/stats`)).in_flight.streams;
    return eventually(asked, (seen) => seen === count);
  }

  // How many requests the endpoint has seen, answered to the end, and seen the last of too early.
  counts() {
    return json(`${this.mockUrl}/mock/requests`);
  }

  release(name) {
    return json(`${this.mockUrl}/mock/release/${name}`, { method: 'POST' });
  }

  lastRequest() {
    return json(`${this.mockUrl}/mock/last`);
  }
}

// Asks until `accept` takes what `ask` returns. The limit is only for how long a failure takes.
export async function eventually(ask, accept) {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const seen = await ask();
    if (accept(seen)) return seen;
    assert.ok(Date.now() < deadline, `never came: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

// Asks twice, and checks the labels: the first passes through, the second comes from memory.
// `ask` returns the SDK's promise; `read` turns its result into what the two are compared by.
export async function missThenHit(ask, read = (result) => result) {
  const answers = [];
  for (const label of ['MISS', 'HIT']) {
    const { data, response } = await ask().withResponse();
    assert.equal(response.headers.get('x-cache'), label);
    assert.equal(response.headers.has('age'), label === 'HIT');
    answers.push(await read(data));
  }
  return answers;
}

// The bytes of a miss and of a hit, as they came.
export async function bytesOfMissAndHit(ask) {
  const bodies = [];
  for (const label of ['MISS', 'HIT']) {
    const response = await ask().asResponse();
    assert.equal(response.headers.get('x-cache'), label);
    bodies.push(Buffer.from(await response.arrayBuffer()));
  }
  return bodies;
}

// What the endpoint calls tools with, and says where JSON is wanted.
export const Trip = z.object({ city: z.string(), days: z.number() });
export const tripSchema = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'number' } },
};

// Tells the endpoint how to say it.
export const saying = ({ manner = 'plain', tokens = 24 }) => ({
  headers: { 'X-Mock-Manner': manner, 'X-Mock-Tokens': `${tokens}` },
});

// What the types hide is not there, nor what is undefined.
export function plain(value) {
  return JSON.parse(JSON.stringify(value));
}

// Records by `record` and asks by `ask`: one request, and one to the endpoint. `labels` are those
// of the client that both use.
export async function oneEntry(stage, labels, { record, ask }) {
  labels.length = 0;
  const before = (await stage.counts()).requests;
  const recorded = await record();
  assert.deepEqual(labels, ['MISS']);
  const asked = await ask();
  assert.ok(labels.length > 1);
  assert.deepEqual(new Set(labels.slice(1)), new Set(['HIT']));
  assert.equal((await stage.counts()).requests, before + 1);
  return [recorded, asked];
}
