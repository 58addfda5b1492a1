#include "base/log_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <iterator>

#include "base/log_escape.h"

namespace reprise::base::log {

namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warn", "error"};
constexpr std::string_view kEllipsis = "…";

// "2026-03-01T12:34:56.789Z" (RFC 3339).
void append_time(int64_t wall_us, std::string& out) {
  const int64_t wall_ms = std::max<int64_t>(wall_us, 0) / 1000;
  const auto wall_s = static_cast<time_t>(wall_ms / 1000);
  tm parts{};
  if (gmtime_r(&wall_s, &parts) == nullptr) parts = tm{};
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                 parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                 parts.tm_sec, wall_ms % 1000);
}

void append_text(std::string_view text, Format format, std::string& out) {
  std::string cut;
  if (text.size() > kValueBytesMax) {
    // Not inside a character: that would look like bytes that are no UTF-8.
    size_t end = kValueBytesMax;
    while (end > kValueBytesMax - 4 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
      --end;
    cut.assign(text.substr(0, end)).append(kEllipsis);
    text = cut;
  }
  if (format == Format::kJson) {
    append_json_string(text, out);
  } else {
    append_logfmt(text, out);
  }
}

void append_real(double value, Format format, std::string& out) {
  if (std::isfinite(value)) {
    fmt::format_to(std::back_inserter(out), "{:.3f}", value);
  } else {
    out += format == Format::kJson ? "null" : "-";
  }
}

void append_value(const Field& field, Format format, std::string& out) {
  switch (field.kind()) {
    case Field::Kind::kText:
      return append_text(field.text(), format, out);
    case Field::Kind::kSigned:
      fmt::format_to(std::back_inserter(out), "{}", field.as_signed());
      return;
    case Field::Kind::kUnsigned:
      fmt::format_to(std::back_inserter(out), "{}", field.as_unsigned());
      return;
    case Field::Kind::kReal:
      return append_real(field.real(), format, out);
    case Field::Kind::kTruth:
      out += field.truth() ? "true" : "false";
  }
}

void append_fields(Fields fields, Format format, std::string& out) {
  for (const Field& field : fields) {
    if (format == Format::kJson) {
      out += ',';
      append_json_string(field.key(), out);
      out += ':';
    } else {
      out += ' ';
      out += field.key();
      out += '=';
    }
    append_value(field, format, out);
  }
}

std::string_view without_query(std::string_view path) {
  return path.substr(0, path.find_first_of("?#"));
}

}  // namespace

void write_event(const Moment& moment, const Event& event, std::string& out) {
  const std::string_view level = kLevelNames[static_cast<size_t>(event.level)];
  out.clear();
  if (moment.format == Format::kJson) {
    out += "{\"ts\":\"";
    append_time(moment.wall_us, out);
    out.append("\",\"level\":\"").append(level).append("\",\"msg\":");
    append_json_string(event.message, out);
    append_fields(event.fields, moment.format, out);
    out += '}';
    return;
  }
  append_time(moment.wall_us, out);
  out.append(" ").append(level).append(level.size() < 5 ? "  " : " ");
  append_escaped(event.message, out);
  append_fields(event.fields, moment.format, out);
}

void write_access_record(const Moment& moment, const AccessRecord& record, std::string& out) {
  const Fields fields = {{"client", record.client},   {"method", record.method},
                         {"route", record.route},     {"path", without_query(record.path)},
                         {"status", record.status},   {"cache", record.cache},
                         {"reason", record.reason},   {"key", record.key},
                         {"model", record.model},     {"bytes", record.bytes},
                         {"ttfb_ms", record.ttfb_ms}, {"duration_ms", record.duration_ms}};
  out.clear();
  if (moment.format == Format::kJson) {
    out += "{\"ts\":\"";
    append_time(moment.wall_us, out);
    out += '"';
    append_fields(fields, moment.format, out);
    out += '}';
    return;
  }
  append_time(moment.wall_us, out);
  append_fields(fields, moment.format, out);
}

}  // namespace reprise::base::log
