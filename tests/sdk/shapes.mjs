// What the SDKs' types (their .d.ts files) say of an answer: which members it must have, which it
// may have, and of what kind. A member that no type knows is a fault too.
import assert from 'node:assert/strict';

const kind = (name) => (value, at) => assert.equal(typeof value, name, `${at}: ${value}`);
const text = kind('string');
const number = kind('number');
const flag = kind('boolean');
const anything = (value, at) => assert.notEqual(value, undefined, `${at} is missing`);
const one = (...values) => (value, at) => assert.ok(values.includes(value), `${at}: ${value}`);
const maybe = (shape) => (value, at) => value === null || shape(value, at);
const list = (shape) => (value, at) => {
  assert.ok(Array.isArray(value), `${at} is no array`);
  value.forEach((element, i) => shape(element, `${at}[${i}]`));
};

const object = (required, optional = {}) => (value, at) => {
  assert.ok(value !== null && typeof value === 'object', `${at} is no object`);
  for (const [name, shape] of Object.entries(required)) {
    assert.ok(Object.hasOwn(value, name), `${at}.${name} is missing`);
    shape(value[name], `${at}.${name}`);
  }
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(required, name)) continue;
    assert.ok(Object.hasOwn(optional, name), `${at}.${name} is in no type`);
    optional[name](value[name], `${at}.${name}`);
  }
};

// An object that is one of several, told by its `type`.
const byType = (shapes) => (value, at) => {
  assert.ok(Object.hasOwn(shapes, value?.type), `${at}.type: ${value?.type}`);
  shapes[value.type](value, at);
};

export function fits(shape, value) {
  shape(JSON.parse(JSON.stringify(value)), 'answer');
}

const tokenLogprob = object({
  token: text,
  bytes: maybe(list(number)),
  logprob: number,
  top_logprobs: list(object({ token: text, bytes: maybe(list(number)), logprob: number })),
});

const usage = object({ completion_tokens: number, prompt_tokens: number, total_tokens: number });

const toolCall = byType({
  function: object({
    id: text,
    type: one('function'),
    function: object({ name: text, arguments: text }),
  }),
  custom: object({ id: text, type: one('custom'), custom: object({ name: text, input: text }) }),
});

const chatAnnotation = object({
  type: one('url_citation'),
  url_citation: object({ start_index: number, end_index: number, title: text, url: text }),
});

const chatReason = one('stop', 'length', 'tool_calls', 'content_filter', 'function_call');
const chatLogprobs = maybe(
  object({ content: maybe(list(tokenLogprob)), refusal: maybe(list(tokenLogprob)) }),
);

export const chatCompletion = object(
  {
    id: text,
    object: one('chat.completion'),
    created: number,
    model: text,
    choices: list(
      object({
        index: number,
        finish_reason: chatReason,
        logprobs: chatLogprobs,
        message: object(
          { role: one('assistant'), content: maybe(text), refusal: maybe(text) },
          {
            annotations: list(chatAnnotation),
            tool_calls: list(toolCall),
            reasoning_content: text, // not OpenAI's own, but of many that are compatible
          },
        ),
      }),
    ),
  },
  { system_fingerprint: text, usage },
);

const chunkToolCall = object(
  { index: number },
  {
    id: text,
    type: one('function', 'custom'),
    function: object({}, { name: text, arguments: text }),
    custom: object({}, { name: text, input: text }),
  },
);

export const chatChunk = object(
  {
    id: text,
    object: one('chat.completion.chunk'),
    created: number,
    model: text,
    choices: list(
      object({
        index: number,
        finish_reason: maybe(chatReason),
        logprobs: chatLogprobs,
        delta: object(
          {},
          {
            role: one('assistant'),
            content: maybe(text),
            refusal: maybe(text),
            tool_calls: list(chunkToolCall),
            annotations: list(chatAnnotation),
            reasoning_content: text,
          },
        ),
      }),
    ),
  },
  { system_fingerprint: text, usage: maybe(usage) },
);

const textChoice = (reason) =>
  object({
    index: number,
    text,
    finish_reason: reason,
    logprobs: maybe(
      object({
        tokens: list(text),
        token_logprobs: list(number),
        top_logprobs: list(object({})),
        text_offset: list(number),
      }),
    ),
  });

const completionOf = (reason) =>
  object(
    {
      id: text,
      object: one('text_completion'),
      created: number,
      model: text,
      choices: list(textChoice(reason)),
    },
    { system_fingerprint: text, usage: maybe(usage) },
  );

const textReason = one('stop', 'length', 'content_filter');
export const completion = completionOf(textReason);
export const completionChunk = completionOf(maybe(textReason));

const responseLogprob = object({
  token: text,
  bytes: list(number),
  logprob: number,
  top_logprobs: list(anything),
});

const status = one('in_progress', 'completed', 'incomplete');

const outputItem = byType({
  message: object({
    id: text,
    type: one('message'),
    role: one('assistant'),
    status,
    content: list(
      byType({
        output_text: object(
          {
            type: one('output_text'),
            text,
            annotations: list(
              object({
                type: one('url_citation'),
                start_index: number,
                end_index: number,
                title: text,
                url: text,
              }),
            ),
          },
          { logprobs: list(responseLogprob), parsed: anything },
        ),
        refusal: object({ type: one('refusal'), refusal: text }),
      }),
    ),
  }),
  reasoning: object({
    id: text,
    type: one('reasoning'),
    summary: list(object({ type: one('summary_text'), text })),
  }),
  function_call: object(
    { type: one('function_call'), call_id: text, name: text, arguments: text },
    { id: text, status },
  ),
  custom_tool_call: object(
    { type: one('custom_tool_call'), call_id: text, name: text, input: text },
    { id: text, status },
  ),
});

// `output_text` is the SDK's own.
export const response = object(
  {
    id: text,
    object: one('response'),
    created_at: number,
    error: one(null),
    incomplete_details: maybe(object({ reason: one('max_output_tokens') })),
    instructions: maybe(text),
    metadata: maybe(object({})),
    model: text,
    output: list(outputItem),
    output_text: text,
    parallel_tool_calls: flag,
    temperature: maybe(number),
    tool_choice: anything,
    tools: list(anything),
    top_p: maybe(number),
  },
  {
    status: one('completed', 'incomplete'),
    usage: object({
      input_tokens: number,
      input_tokens_details: object({ cached_tokens: number }),
      output_tokens: number,
      output_tokens_details: object({ reasoning_tokens: number }),
      total_tokens: number,
    }),
  },
);

// Members that the types require and endpoints leave out (they are null) are not asked for here:
// an answer cannot be given what was never said.
export const message = object({
  id: text,
  type: one('message'),
  role: one('assistant'),
  model: text,
  content: list(
    byType({
      text: object({ type: one('text'), text }, { citations: maybe(list(anything)) }),
      thinking: object({ type: one('thinking'), thinking: text, signature: text }),
      tool_use: object({
        type: one('tool_use'),
        id: text,
        name: text,
        input: object({ city: text, days: number }),
      }),
    }),
  ),
  stop_reason: one('end_turn', 'max_tokens', 'tool_use'),
  stop_sequence: maybe(text),
  usage: object({ input_tokens: number, output_tokens: number }),
});
