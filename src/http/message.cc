#include "http/message.h"

namespace reprise::http {

void RequestHead::clear() {
  method.clear();
  target.clear();
  version = Version::kHttp11;
  framing = Framing::kNone;
  content_length = 0;
  keep_alive = true;
  upgrade = false;
  expect_continue = false;
  fields.clear();
}

void ResponseHead::clear() {
  status = 0;
  reason.clear();
  version = Version::kHttp11;
  framing = Framing::kNone;
  content_length = 0;
  keep_alive = true;
  fields.clear();
}

}  // namespace reprise::http
