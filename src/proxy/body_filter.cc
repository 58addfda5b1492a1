#include "proxy/body_filter.h"

#include <utility>

namespace reprise::proxy {

BodyFilter::BodyFilter(std::unique_ptr<http::Decoder> decoder,
                       std::unique_ptr<openai::StreamRebuilder> rebuilder)
    : decoder_(std::move(decoder)), rebuilder_(std::move(rebuilder)) {}

bool BodyFilter::feed(std::string_view piece, Sink sink) {
  if (decoder_ == nullptr) return !rebuilder_->feed(piece, sink);
  if (rebuilder_ == nullptr) return decoder_->decode(piece, sink).has_value();
  bool good = true;
  const auto rebuild = [&](std::string_view plain) {
    good = good && !rebuilder_->feed(plain, sink);
  };
  return decoder_->decode(piece, rebuild).has_value() && good;
}

bool BodyFilter::finish(Sink sink) {
  if (decoder_ != nullptr && !decoder_->finish()) return false;
  return rebuilder_ == nullptr || !rebuilder_->finish(sink);
}

}  // namespace reprise::proxy
