import test from 'node:test';
import assert from 'node:assert/strict';
import { Stage } from './support.mjs';

const question = (text) => ({ model: 'gpt-test', messages: [{ role: 'user', content: text }] });

// What applications of each gateway hand to the client, and look at in the answer.
const gateways = {
  helicone: {
    headers: {
      'Helicone-Cache-Enabled': 'true',
      'Helicone-Cache-Seed': 'user-123',
      'Helicone-Cache-Ignore-Keys': 'request_id,timestamp',
      'Cache-Control': 'max-age=3600',
    },
    status: 'Helicone-Cache',
  },
  cloudflare: {
    headers: { 'cf-aig-cache-ttl': '3600', 'cf-aig-cache-key': 'responseA' },
    status: 'cf-aig-cache-status',
  },
  portkey: {
    headers: {
      'x-portkey-config': JSON.stringify({ cache: { mode: 'simple', max_age: 3600 } }),
      'x-portkey-cache-namespace': 'user-123',
    },
    status: 'x-portkey-cache-status',
  },
  openrouter: {
    headers: { 'X-OpenRouter-Cache': 'true', 'X-OpenRouter-Cache-TTL': '3600' },
    status: 'X-OpenRouter-Cache-Status',
  },
};

for (const [name, { headers, status }] of Object.entries(gateways)) {
  test(`an application of ${name} keeps its code`, async (t) => {
    const stage = await Stage.open(t, { options: ['--aliases', name] });
    const client = stage.newClient({ defaultHeaders: headers });
    for (const expected of ['MISS', 'HIT']) {
      const { data, response } = await client.chat.completions
        .create(question('Hello world'))
        .withResponse();
      assert.ok(data.choices[0].message.content.length > 0);
      assert.equal(response.headers.get(status), expected);
      if (expected === 'HIT') {
        const ttl = /ttl=(\d+)/.exec(response.headers.get('cache-status'))[1];
        assert.ok(Number(ttl) > 0 && Number(ttl) <= 3600, ttl);
      }
    }
  });
}
