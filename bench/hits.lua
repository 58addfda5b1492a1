-- One question of about 300 bytes, again and again: QUESTION, with the members MORE. With UNIQUE
-- set each request asks another; with POOL=n there are n, which take turns, and which URI and body
-- tell apart.
local template = '{"model":"mock-1","messages":[{"role":"system","content":"You answer ' ..
  'briefly and to the point, in the language of the question."},{"role":"user","content":' ..
  '"Explain in one paragraph why a cache in front of a language model saves time and ' ..
  'money. (%s)"}],"temperature":0.2,"max_tokens":256%s}'

local unique = os.getenv("UNIQUE") ~= nil
local more = os.getenv("MORE") or ""

wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer sk-bench"
wrk.method = os.getenv("METHOD") or "POST"
local question = os.getenv("QUESTION") or "again"
if wrk.method == "POST" then wrk.body = string.format(template, question, more) end

if unique then
  -- Seeded from outside, so that rounds do not repeat each other's questions.
  local seed = os.getenv("UNIQUE")
  local count = 0
  request = function()
    count = count + 1
    return wrk.format(nil, nil, nil, string.format(template, seed .. "-" .. count, more))
  end
end

local pool = tonumber(os.getenv("POOL") or 0)
if pool > 0 then
  local requests = {}
  local turn = 0
  -- Made on first use, because wrk knows the path only after it has read this.
  request = function()
    turn = turn % pool + 1
    if not requests[turn] then
      requests[turn] = wrk.format(nil, wrk.path .. "?question=" .. turn, nil,
        string.format(template, turn, more))
    end
    return requests[turn]
  end
end

-- requests, microseconds, failures, mean, median and 99th percentile of latency in microseconds
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %.1f %.1f %.1f\n", summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency.mean, latency:percentile(50), latency:percentile(99)))
end
