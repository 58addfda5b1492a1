#pragma once

#include <memory>
#include <string_view>

#include "http/head_rules.h"
#include "http/line_gate.h"
#include "http/message.h"

namespace reprise::http {

// Empty lines before a request that are let through (RFC 9112 §2.2 asks for one).
inline constexpr size_t kLeadingEmptyLinesMax = 4;
// Interim (1xx) responses before one answer.
inline constexpr size_t kInterimResponsesMax = 16;

// Both parsers: strict wherever leniency would let two readers disagree about where a message ends,
// indifferent to how the input is cut, bounded, and free of allocation once warm. A handler may
// look at the parser and change head().fields; it must not feed, reset or destroy the parser it is
// called by. After an error nothing more is consumed: the connection is to be closed.

// RequestParser: bytes of one client connection -> requests, one at a time.
// Owner: the connection; outlived by its handler. Thread: any one.
class RequestParser {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void on_head(const RequestHead& head) = 0;  // whole and valid; state is kBody
    virtual void on_body(std::string_view piece) = 0;   // a slice of the input, never empty
    virtual void on_end(const Fields& trailers) = 0;    // the message is complete
  };
  enum class State : uint8_t {
    kHead,    // before a whole head; also before its first byte
    kBody,    // on_head was called
    kEnded,   // on_end was called; nothing is consumed until next()
    kFailed,  // error() says why
  };

  RequestParser(const HeadLimits& limits, Handler& handler);
  ~RequestParser();

  // Consumes at most to the end of the current message; the number of bytes consumed.
  size_t feed(std::string_view input);
  // Ready for the next message. After kEnded, or before the first byte.
  void next();

  State state() const;
  // Not one byte of a head was seen; empty lines before it do not count.
  bool idle() const;
  const ParseError& error() const;
  // From on_head until next(). The owner may take fields out.
  RequestHead& head();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// ResponseParser: bytes of one upstream connection -> responses, one at a time.
// Owner: the upstream call or its connection; outlived by its handler. Thread: any one.
class ResponseParser {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void on_interim(const ResponseHead& head) = 0;  // 1xx other than 101
    virtual void on_head(
        const ResponseHead& head) = 0;                 // final or 101; state is kBody or kUpgraded
    virtual void on_body(std::string_view piece) = 0;  // a slice of the input, never empty
    virtual void on_end(const Fields& trailers) = 0;   // the message is complete
  };
  enum class State : uint8_t {
    kHead,      // before a whole final head
    kBody,      // on_head was called
    kEnded,     // on_end was called; nothing is consumed until expect()
    kUpgraded,  // after a 101, or a 2xx to CONNECT: what follows is not HTTP and is not consumed
    kFailed,    // error() says why
  };

  ResponseParser(const HeadLimits& limits, Handler& handler);
  ~ResponseParser();

  // Ready for a response: before each one, the first included.
  void expect(Answering answering);
  // Consumes at most to the end of the current message; the number of bytes consumed.
  size_t feed(std::string_view input);
  // The connection has ended. True if the message is complete, by this very end (then on_end is
  // called) or before it; false if it was cut short or never came: state is kFailed.
  bool finish();

  State state() const;
  // Not one byte came since expect(), interim responses included.
  bool idle() const;
  const ParseError& error() const;
  // From on_head until expect(). The owner may take fields out.
  ResponseHead& head();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reprise::http
