#pragma once

#include <absl/functional/function_ref.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reprise::http {

// SseReader: splits the bytes of a text/event-stream into events, the same ones however the bytes
// are cut: LF, CR and CRLF end lines, a BOM at the start is dropped, and so are comments and
// unknown fields. An event that lies whole in one piece and has one data line is not copied. Bound:
// holds at most twice `event_bytes_max`; a line or an event beyond it ends the reading.
class SseReader {
 public:
  struct Event {
    std::string_view name;  // of the `event` field, often empty
    std::string_view data;  // data lines joined with LF; empty for `event: ping` alone
    // Where the line end that dispatched it ends in the stream. A LF that makes CRLF of it counts
    // to what follows: nobody can wait for it.
    uint64_t end = 0;
  };
  using Visit = absl::FunctionRef<void(const Event&)>;

  explicit SseReader(size_t event_bytes_max) : event_bytes_max_(event_bytes_max) {}

  // Calls `visit` for each event that `piece` completes; the views live as long as the call.
  // An event has at least one `event` or `data` line.
  void feed(std::string_view piece, Visit visit);

  // At the stream's end: the event it ended inside of, without the blank line (or even the line
  // end) that it owes; nothing if it ended between events. Call once; the views live as long as the
  // reader.
  std::optional<Event> take_pending();

  // A line or an event was larger than allowed: nothing after it is delivered.
  bool overflowed() const { return overflowed_; }
  // The stream has `id` lines: nothing may be put between its events without upsetting clients.
  bool has_ids() const { return has_ids_; }
  // True while no byte of an event is outstanding: the place for a comment of one's own.
  bool between_events() const;

 private:
  struct LineEnds;

  void take_partial(std::string_view rest);
  void on_line(std::string_view line, Visit visit);
  void on_data(std::string_view value);
  void keep_views();
  void clear_event();
  std::string_view without_bom(std::string_view line) const;
  bool is_comment(std::string_view line) const;

  const size_t event_bytes_max_;
  uint64_t offset_ = 0;     // of the line being read: the end of the last one
  std::string partial_;     // a line whose end has not come
  std::string name_store_;  // what of an unfinished event has left its piece
  std::string data_store_;
  std::string_view name_;  // into the piece or the stores
  std::string_view data_;
  bool has_data_ = false;    // a `data` line came
  bool has_fields_ = false;  // an `event` or `data` line came
  bool has_lines_ = false;   // any line but comments came
  bool first_line_ = true;
  bool skip_lf_ = false;       // the last line ended in CR
  bool skip_comment_ = false;  // inside a comment that is not kept
  bool overflowed_ = false;
  bool has_ids_ = false;
};

}  // namespace reprise::http
