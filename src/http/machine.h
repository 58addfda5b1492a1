#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "http/head_rules.h"
#include "http/line_gate.h"
#include "http/message.h"

namespace reprise::http {

// What a connection's fields may keep of a large message's memory for the next one.
inline constexpr size_t kKeptFieldBytesMax = 16 * 1024;

// Machine: gate and llhttp in step, which is what the two parsers of parser.h share.
// Owner: a parser. Thread: any one.
// Invariant: llhttp has read exactly the bytes that the gate let through since restart().
class Machine {
 public:
  enum class Phase : uint8_t {  // see parser.cc
    kLeading,
    kHead,
    kPayload,
    kUntilClose,
    kChunkLine,
    kChunkEnd,
    kTrailers,
    kEnded,
    kUpgraded,
    kFailed,
  };

  // Body: how a message goes on after its head.
  struct Body {
    Framing framing = Framing::kNone;
    uint64_t content_length = 0;
  };

  enum class Direction : uint8_t { kRequests, kResponses };

  // StartLine: what llhttp makes of a head besides its texts.
  struct StartLine {
    Version version = Version::kHttp11;
    int status = 0;  // of a response
  };

  Machine(Direction direction, const HeadLimits& limits);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  size_t feed(std::string_view input);
  Phase phase() const { return phase_; }
  bool touched() const { return touched_; }
  const ParseError& error() const { return error_; }

 protected:
  virtual ~Machine();

  virtual Fields& head_fields() = 0;
  virtual void append_method(std::string_view) {}
  virtual void append_target(std::string_view) {}
  virtual void append_reason(std::string_view) {}
  // Called inside llhttp: completes the head and judges it.
  virtual std::optional<ParseError> judge_head(StartLine line, Body& body) = 0;
  // The head is whole and the phase behind it entered: tells the handler.
  virtual void head_ended() = 0;
  virtual void deliver(std::string_view piece) = 0;
  virtual void message_ended() = 0;

  // Before a message's first byte.
  void restart();
  // Whether a head with both framing fields gets as far as judge_head.
  void pass_both_framings(bool pass);
  static void empty(Fields& fields);
  void enter(Phase phase);
  void end_message();
  void refuse(ParseError error);

  Fields trailers_;

 private:
  struct Llhttp;
  struct Callbacks;

  size_t step(std::string_view input);
  size_t skip_empty_lines(std::string_view input);
  size_t read_lines(std::string_view input);
  size_t read_payload(std::string_view input);
  void section_ended();
  void enter_body();
  void enter_chunk();
  bool run(std::string_view piece);
  bool in_step(bool ended);
  bool agrees_on_body() const;
  Fields& fields() { return phase_ == Phase::kTrailers ? trailers_ : head_fields(); }

  const Direction direction_;
  LineGate gate_;
  const std::unique_ptr<Llhttp> llhttp_;  // hides its header
  Phase phase_ = Phase::kFailed;
  bool touched_ = false;
  bool after_cr_ = false;  // within an empty line
  bool in_name_ = false;   // of a field
  bool llhttp_head_ended_ = false;
  bool llhttp_message_ended_ = false;
  uint8_t empty_lines_ = 0;
  Body body_;
  uint64_t payload_left_ = 0;  // of the body, or of the current chunk
  ParseError error_;
};

}  // namespace reprise::http
