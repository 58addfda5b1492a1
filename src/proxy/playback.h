#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/body_filter.h"
#include "proxy/client_connection.h"
#include "proxy/heartbeat.h"
#include "proxy/paced_body.h"
#include "recording/cursor.h"

namespace reprise::proxy {

// Scratch: buffers that all playbacks of a loop share, each for the length of one call.
struct Scratch {
  recording::Batch batch;
  std::string before;  // what goes out before the body's pieces
  std::string after;   // and after them
  std::vector<net::Piece> pieces;
};

// BodyForm: how a body goes out to a client.
enum class BodyForm : uint8_t {
  kPlain,  // the head says how long it is, or that there is none
  kChunked,
  kUntilClose,
  kNone,  // HEAD, 204, 304
};

// Playing: what becomes of an answer whose head has come.
enum class Playing : uint8_t {
  kNow,
  kAtEnd,  // it is waited for, all of it, and then told; nothing of it is written
  kNever,  // it is not to be played after all; nothing of it has been written
};

// Playback: drains a Cursor into a client's connection: the one way in which answers leave, whether
// they are still arriving or were recorded an hour ago. Looks no further ahead than the client
// takes. Owner: an exchange. Thread: its loop's.
class Playback {
 public:
  // Teller: who knows what the answer is.
  class Teller {
   public:
    virtual ~Teller() = default;
    // Appends the head to `out` if it is to be played now.
    virtual Playing on_answer_head(const http::ResponseHead& head, std::string* out) = 0;
    // The last byte is written.
    virtual void on_answer_end() = 0;
    // An answer that was waited for is whole.
    virtual void on_answer_whole() = 0;
    // The answer goes no further. `began`: part of it was written.
    virtual void on_answer_failed(bool began) = 0;
  };

  Playback(ClientConnection& connection, Teller& teller, base::Executor& executor,
           Scratch& scratch);
  ~Playback();
  Playback(const Playback&) = delete;
  Playback& operator=(const Playback&) = delete;

  // Join or open it, then call start().
  recording::Cursor& cursor() { return cursor_; }
  // Before start(): what the cursor has opened leaves at this pace.
  void set_pace(net::Loop& loop, std::shared_ptr<const recording::Record> record,
                const openai::Pace& pace);
  // The next answer begins; interim ones are passed on only if the client knows them.
  void start(http::Version client_version);
  // While on_answer_head runs: how the body goes out, and, if not null, what it goes through.
  void set_body(BodyForm form, std::unique_ptr<BodyFilter> filter = nullptr);
  // The same: silences of this event stream, which is not coded, are filled.
  void set_heartbeat(net::TimeoutQueue& silences, size_t event_bytes_max);
  BodyForm body_form() const { return form_; }
  void on_drained() { pump(); }
  void stop();
  bool began() const { return began_; }
  uint64_t body_bytes() const { return body_bytes_; }

 private:
  enum class Emitted : uint8_t { kGoOn, kStopped };
  void pump();
  recording::Cursor::Status next(recording::Batch& batch);
  Emitted emit(recording::Cursor::Status status);
  Emitted wait(recording::Cursor::Status status);
  bool filter(recording::Batch& batch, recording::Cursor::Status status);
  void write_out(recording::Batch& batch);
  void on_silence();
  void fail();

  ClientConnection& connection_;
  Teller& teller_;
  Scratch& scratch_;
  base::Wakeup wakeup_;
  recording::Cursor cursor_;
  std::unique_ptr<BodyFilter> filter_;
  std::unique_ptr<Heartbeat> heartbeat_;  // null: nothing is put in
  std::unique_ptr<PacedBody> paced_;      // null: as fast as the client takes it
  http::Version client_version_ = http::Version::kHttp11;
  BodyForm form_ = BodyForm::kPlain;
  bool active_ = false;
  bool began_ = false;
  bool waits_ = false;  // for the answer's end
  uint64_t body_bytes_ = 0;
};

}  // namespace reprise::proxy
