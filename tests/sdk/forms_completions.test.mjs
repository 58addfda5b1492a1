// completions, recorded in one form and asked for in the other, by the official client.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Stage, collect, oneEntry, plain, saying } from './support.mjs';
import { completion, completionChunk, fits } from './shapes.mjs';

const cases = [
  { name: 'a text' },
  { name: 'two prompts, three choices each', more: { prompt: ['One', 'Two'], n: 3 } },
  { name: 'logprobs', more: { logprobs: 1 } },
  { name: 'a text that was cut', manner: 'cut' },
];

// This client has no helper for these: a choice is its pieces, one behind the other.
function joined(chunks) {
  const { choices: _, usage: __, ...head } = chunks[0];
  const choices = [];
  for (const { index, text, logprobs, finish_reason } of chunks.flatMap((chunk) => chunk.choices)) {
    choices[index] ??= { text: '', index, logprobs: null, finish_reason: null };
    const choice = choices[index];
    choice.text += text;
    choice.finish_reason = finish_reason ?? choice.finish_reason;
    for (const [name, values] of Object.entries(logprobs ?? {})) {
      choice.logprobs ??= {};
      choice.logprobs[name] = [...(choice.logprobs[name] ?? []), ...values];
    }
  }
  const { usage } = chunks.at(-1);
  return { ...head, choices, ...(usage && { usage }) };
}

test('completions in both forms', async (t) => {
  const stage = await Stage.open(t);
  const { fetch, labels } = Stage.labelled();
  const { completions } = stage.newClient({ fetch });

  for (const one of cases) {
    const { name, more } = one;
    const said = saying(one);
    for (const usage of [false, true]) {
      const question = (direction) => ({
        model: `gpt ${direction} ${usage}`,
        prompt: name,
        ...more,
      });
      const streaming = async (direction) => {
        const stream_options = { include_usage: usage };
        const asked = { ...question(direction), stream: true, stream_options };
        return collect(await completions.create(asked, said));
      };
      const told = usage ? 'with usage' : 'without usage';

      await t.test(`${name}: a recorded stream ${told} is given whole`, async () => {
        const [chunks, whole] = await oneEntry(stage, labels, {
          record: () => streaming('->'),
          ask: () => completions.create(question('->')),
        });
        fits(completion, whole);
        assert.deepEqual(plain(whole), joined(chunks));
      });

      await t.test(`${name}: a whole answer is streamed ${told}`, async () => {
        const [whole, chunks] = await oneEntry(stage, labels, {
          record: () => completions.create(question('<-'), said),
          ask: () => streaming('<-'),
        });
        for (const chunk of chunks) fits(completionChunk, chunk);
        const { usage: counted, ...rest } = plain(whole);
        assert.deepEqual(joined(chunks), usage ? { ...rest, usage: counted } : rest);
      });
    }
  }
});
