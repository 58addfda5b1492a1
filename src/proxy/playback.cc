#include "proxy/playback.h"

#include <utility>

#include "http/writer.h"

namespace reprise::proxy {

using recording::Batch;
using recording::Cursor;

namespace {
// Bytes handed to a connection at once, and kept there before more is taken.
constexpr size_t kBatchBytes = 256 * 1024;
constexpr size_t kUnwrittenMax = 64 * 1024;
// Up to here copying bytes into one run costs less than having the kernel gather them.
constexpr size_t kJoinedMax = 4 * 1024;
}  // namespace

Playback::Playback(ClientConnection& connection, Teller& teller, base::Executor& executor,
                   Scratch& scratch)
    : connection_(connection),
      teller_(teller),
      scratch_(scratch),
      wakeup_(
          executor, [](void* self) noexcept { static_cast<Playback*>(self)->pump(); }, this),
      cursor_(wakeup_) {}

Playback::~Playback() { stop(); }

void Playback::start(http::Version client_version) {
  client_version_ = client_version;
  active_ = true;
  began_ = waits_ = false;
  body_bytes_ = 0;
  form_ = BodyForm::kPlain;
  filter_.reset();
  heartbeat_.reset();
  pump();
}

void Playback::set_body(BodyForm form, std::unique_ptr<BodyFilter> filter) {
  form_ = form;
  filter_ = std::move(filter);
}

void Playback::set_heartbeat(net::TimeoutQueue& silences, size_t event_bytes_max) {
  heartbeat_ = std::make_unique<Heartbeat>(
      silences, event_bytes_max,
      [](void* self) noexcept { static_cast<Playback*>(self)->on_silence(); }, this);
}

// A comment, which readers of event streams skip, framed as the body is.
void Playback::on_silence() {
  heartbeat_->rearm();
  if (!heartbeat_->may_speak() || connection_.unwritten() > 0) return;
  std::string text;
  const bool chunked = form_ == BodyForm::kChunked;
  if (chunked) text.append(http::ChunkHead(Heartbeat::kComment.size()).view());
  text.append(Heartbeat::kComment);
  if (chunked) text.append(http::kCrlf);
  const net::Piece piece = net::Piece::transient(text);
  connection_.write({&piece, 1});
}

void Playback::set_pace(net::Loop& loop, std::shared_ptr<const recording::Record> record,
                        const openai::Pace& pace) {
  paced_ = std::make_unique<PacedBody>(loop, std::move(record), pace, wakeup_);
}

void Playback::stop() {
  active_ = false;
  heartbeat_.reset();
  paced_.reset();
  cursor_.leave();
  filter_.reset();
}

// Of a paced answer the cursor gives only the head.
Cursor::Status Playback::next(Batch& batch) {
  if (paced_ == nullptr) return cursor_.next(batch, kBatchBytes);
  if (!began_) {
    cursor_.next(batch, kBatchBytes);
    batch.drop_pieces();
  }
  return paced_->next(batch, kBatchBytes);
}

void Playback::pump() {
  while (active_ && connection_.unwritten() < kUnwrittenMax) {
    Batch& batch = scratch_.batch;
    batch.clear();
    const Cursor::Status status = next(batch);
    if (emit(status) == Emitted::kStopped) return;
    if (status == Cursor::Status::kPending) return;
  }
}

Playback::Emitted Playback::emit(Cursor::Status status) {
  Batch& batch = scratch_.batch;
  scratch_.before.clear();
  scratch_.after.clear();
  if (batch.interim != nullptr && client_version_ == http::Version::kHttp11) {
    http::write_head(scratch_.before, *batch.interim);
  }
  if (batch.head != nullptr) {
    // A lifetime of its own: whoever declines this head lets go of the recording.
    const std::shared_ptr<const http::ResponseHead> head = batch.head;
    switch (teller_.on_answer_head(*head, &scratch_.before)) {
      case Playing::kNever:
        return Emitted::kStopped;
      case Playing::kAtEnd:
        waits_ = true;
        break;
      case Playing::kNow:
        began_ = true;
        break;
    }
  }
  if (waits_) return wait(status);
  const bool sound = filter_ == nullptr || filter(batch, status);
  const bool whole = sound && status == Cursor::Status::kEnd;
  if (batch.bytes > 0 && form_ == BodyForm::kChunked) {
    scratch_.before.append(http::ChunkHead(batch.bytes).view());
    scratch_.after.append(http::kCrlf);
  }
  if (whole && form_ == BodyForm::kChunked) {
    if (batch.trailers != nullptr) {
      http::write_last_chunk(scratch_.after, *batch.trailers);
    } else {
      scratch_.after.append(http::kLastChunk);
    }
  }
  write_out(batch);
  if (!sound || status == Cursor::Status::kFailed) {
    fail();
    return Emitted::kStopped;
  }
  if (!whole) return Emitted::kGoOn;
  stop();
  teller_.on_answer_end();
  return Emitted::kStopped;
}

// Reads on, so that the answer does not wait for this reader; what is read is in the recording, for
// as long as that is kept.
Playback::Emitted Playback::wait(Cursor::Status status) {
  scratch_.batch.clear();
  if (status == Cursor::Status::kEnd) {
    stop();
    teller_.on_answer_whole();
    return Emitted::kStopped;
  }
  if (status != Cursor::Status::kFailed && cursor_.recording_is_kept()) return Emitted::kGoOn;
  fail();
  return Emitted::kStopped;
}

// Replaces the batch's pieces by what comes of them.
bool Playback::filter(Batch& batch, Cursor::Status status) {
  std::string filtered;
  const auto keep = [&filtered](std::string_view piece) { filtered.append(piece); };
  bool good = true;
  for (size_t i = 0; i < batch.piece_count && good; ++i) {
    good = filter_->feed(batch.pieces[i].view(), keep);
  }
  if (status == Cursor::Status::kEnd) good = good && filter_->finish(keep);
  batch.drop_pieces();
  if (filtered.empty()) return good;
  batch.bytes = filtered.size();
  batch.pieces[0] = base::Bytes::copy_of(filtered);
  batch.piece_count = 1;
  return good;
}

void Playback::write_out(Batch& batch) {
  std::vector<net::Piece>& pieces = scratch_.pieces;
  pieces.clear();
  if (form_ == BodyForm::kNone) {
    batch.clear();
  } else {
    body_bytes_ += batch.bytes;
  }
  if (heartbeat_ != nullptr && batch.bytes > 0) {
    for (size_t i = 0; i < batch.piece_count; ++i) heartbeat_->on_sent(batch.pieces[i].view());
    heartbeat_->rearm();
  }
  if (batch.bytes <= kJoinedMax) {
    for (size_t i = 0; i < batch.piece_count; ++i) scratch_.before.append(batch.pieces[i].view());
    scratch_.before.append(scratch_.after);
    scratch_.after.clear();
    batch.clear();
  }
  if (!scratch_.before.empty()) pieces.push_back(net::Piece::transient(scratch_.before));
  for (size_t i = 0; i < batch.piece_count; ++i) {
    pieces.push_back(net::Piece::shared(batch.pieces[i]));
  }
  if (!scratch_.after.empty()) pieces.push_back(net::Piece::transient(scratch_.after));
  if (!pieces.empty()) connection_.write(pieces);
  batch.clear();
}

void Playback::fail() {
  active_ = false;
  heartbeat_.reset();
  teller_.on_answer_failed(began_);
}

}  // namespace reprise::proxy
