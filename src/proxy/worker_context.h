#pragma once

#include "openai/answer_json.h"
#include "openai/request.h"
#include "proxy/answer_head.h"
#include "proxy/call_group.h"
#include "proxy/commons.h"
#include "proxy/playback.h"
#include "proxy/pursuit_group.h"
#include "proxy/tunnel.h"

namespace reprise::proxy {

// WorkerContext: what the exchanges of one loop use together.
// Owner: a worker; outlives its connections. Thread: its loop's.
struct WorkerContext {
  Commons& commons;
  net::Loop& loop;
  base::WorkerMetrics& metrics;
  CallGroup& calls;
  TunnelGroup& tunnels;
  PursuitGroup& pursuits;
  net::TimeoutQueue* heartbeats;  // null: silences inside event streams stay silent
  openai::QuestionReader questions;
  openai::AnswerJson answers;
  RandomIds ids;
  Scratch scratch;
};

}  // namespace reprise::proxy
