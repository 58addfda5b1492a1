#include <algorithm>
#include <utility>

#include "openai/answer_reader.h"
#include "proxy/proxy_exchange.h"

// The form in which ProxyExchange answers: what is held, or still arrives for others, may be in
// another one than its client wants.

namespace reprise::proxy {

using openai::Conversion;

namespace {
// An event that is rebuilt for one reader may be larger than what is recorded: whoever reads it
// already is to get all of it.
constexpr size_t kEventBytesMin = size_t{8} << 20;
}  // namespace

bool ProxyExchange::takes_coding(const http::ResponseHead& head) const {
  const auto coding = head.fields.combined("Content-Encoding");
  return !coding || http::accepts(inquiry_.head.fields.combined("Accept-Encoding"), *coding);
}

// Plays what is held, in the form that the client wants; what is missing for that is made first.
void ProxyExchange::present(std::shared_ptr<const cache::Entry> entry, const CacheNote& note) {
  note_ = note;
  entry_ = std::move(entry);
  conversion_ = entry_->conversion_to(question_.form);
  // Events can only be counted where they can be read.
  const bool counted = pace().kind == openai::Pace::Kind::kRate && cache::is_coded(*entry_->answer);
  const bool as_it_is = conversion_.step == Conversion::Step::kNone && !counted &&
                        takes_coding(entry_->answer->head());
  if (as_it_is) return play(nullptr);
  render();
}

const openai::Pace& ProxyExchange::pace() const {
  static constexpr openai::Pace kInstant;
  if (!question_.form.stream) return kInstant;
  return inquiry_.directives.pace ? *inquiry_.directives.pace : settings_->pace;
}

void ProxyExchange::render() {
  cache::Renderer& renderer = context_.commons.renderer;
  if (entry_->rendition(conversion_) == nullptr) {
    if (!cache::Renderer::is_quick(*entry_, conversion_)) {
      rendering_ = std::make_shared<cache::RenderJob>(&rendered_);
      renderer.submit(rendering_, entry_, conversion_);
      return;
    }
    entry_ = renderer.render(entry_, conversion_);
  }
  const cache::Rendition& rendition = *entry_->rendition(conversion_);
  if (rendition.answer == nullptr) return lack_form(rendition.refused);
  play(&rendition);
}

void ProxyExchange::on_rendered() {
  const std::shared_ptr<cache::RenderJob> job = std::exchange(rendering_, nullptr);
  if (job->end() != cache::SharedJob::End::kDone) return lack_form(openai::Unconvertible::kBusy);
  entry_ = job->entry;
  render();
}

void ProxyExchange::play(const cache::Rendition* rendition) {
  rendition_ = rendition;
  const auto& answer = rendition != nullptr ? rendition->answer : entry_->answer;
  playback_.cursor().open(answer);
  const bool streams =
      rendition != nullptr ? rendition->conversion.form.stream : entry_->form.stream;
  if (streams && pace().kind != openai::Pace::Kind::kInstant) {
    playback_.set_pace(context_.loop, answer, pace());
  }
  playback_.start(client_version_);
}

// What is held cannot be had in the form that is wanted.
void ProxyExchange::lack_form(openai::Unconvertible reason) {
  const bool converts = conversion_.step != Conversion::Step::kNone;
  if (converts && entry_->asked_form == question_.form) {
    // Upstream has given this to one who asked the same, and would again.
    conversion_ = entry_->conversion_to(entry_->form);
    return takes_coding(entry_->answer->head()) ? play(nullptr) : render();
  }
  entry_.reset();
  if (!outage_) return ask_for_form(reason);
  note_ = {base::CacheResult::kMiss, "uri-miss", openai::unconvertible_detail(reason), false};
  const recording::FailureReport report = *std::exchange(outage_, std::nullopt);
  respond_failure(report);
}

// Asks upstream, and nobody whose answer would have to be converted.
void ProxyExchange::ask_for_form(openai::Unconvertible reason) {
  note_ = {base::CacheResult::kMiss, "uri-miss", openai::unconvertible_detail(reason), false};
  if (inquiry_.terms.only_if_cached || offline()) return refuse_uncached();
  const bool joins = settings_->coalesce && !asked_alone_;
  no_fallback_ = asked_alone_ = true;
  ask_anew(joins ? Join::kSameForm : Join::kAlone);
}

// The form in which upstream is asked for the answer that is followed.
const openai::Form& ProxyExchange::followed_form() const {
  const bool fleet = flight_->source == cache::Flight::Source::kFleet;
  return fleet ? flight_->asked_form : flight_->form;
}

// Whoever leads here wants no usage, and may have found that another process streams without.
bool ProxyExchange::lacks_usage(const http::ResponseHead& head) const {
  return head.status == 200 && openai::is_event_stream(head) &&
         !openai::may_serve(question_.route, followed_form(), question_.form);
}

// Together with all who lack it, here and elsewhere.
void ProxyExchange::ask_for_usage() {
  note_ = {base::CacheResult::kMiss, "uri-miss", "", false};
  ask_anew(Join::kSameForm);
}

// What becomes of an answer that upstream was asked for in another form, and is still sending.
Playing ProxyExchange::adapt(const http::ResponseHead& head,
                             std::unique_ptr<BodyFilter>* filter) const {
  const openai::Form& asked = followed_form();
  const openai::Form& wanted = question_.form;
  const size_t bytes_max = settings_->object_max;
  std::unique_ptr<openai::StreamRebuilder> rebuilder;
  if (head.status == 200 && !(asked == wanted)) {
    const bool streams = openai::is_event_stream(head);
    if (wanted.stream != streams || (streams && !asked.stream)) return Playing::kAtEnd;
    const Conversion conversion = openai::conversion_to(question_.route, asked, wanted);
    if (conversion.step == Conversion::Step::kRebuild) {
      rebuilder = std::make_unique<openai::StreamRebuilder>(question_.route, conversion.form,
                                                            std::max(bytes_max, kEventBytesMin));
    }
  }
  const auto coding = head.fields.combined("Content-Encoding");
  std::unique_ptr<http::Decoder> decoder;
  if (coding && (rebuilder != nullptr || !takes_coding(head))) {
    decoder = http::Decoder::make(*coding, bytes_max);
    if (decoder == nullptr && rebuilder != nullptr) return Playing::kAtEnd;
  }
  if (decoder != nullptr || rebuilder != nullptr) {
    *filter = std::make_unique<BodyFilter>(std::move(decoder), std::move(rebuilder));
  }
  return Playing::kNow;
}

// An answer that was waited for: it is held by now if it is good.
void ProxyExchange::on_answer_whole() {
  if (flight_->kept != nullptr) return present(flight_->kept, note_);
  if (flight_->source != cache::Flight::Source::kFleet || !may_look_further()) return ask_again();
  after_flight_ = true;
  read_again();
  look_only();
}

}  // namespace reprise::proxy
