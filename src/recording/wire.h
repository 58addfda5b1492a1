#pragma once

#include <cstddef>
#include <memory>

#include "base/packer.h"
#include "http/message.h"
#include "recording/record.h"

namespace reprise::recording {

// The packed form of a Record and of its parts. It has neither version nor checksum of its own:
// those belong to whatever it is packed into.

// Bounds of what is read back; more than any parser of ours lets through.
inline constexpr size_t kWireFieldsMax = 512;
inline constexpr size_t kWireFieldBytesMax = size_t{1} << 20;  // a name, a value, the reason

void append_fields(const http::Fields& fields, base::ByteWriter& out);
// The reader fails unless all names and values are valid in a head.
http::Fields read_fields(base::ByteReader& in);

void append_head(const http::ResponseHead& head, base::ByteWriter& out);
// The reader fails unless the status is one from 100 to 599, and reason and fields are valid.
http::ResponseHead read_head(base::ByteReader& in);

// Head, body, marks.
void append_record(const Record& record, base::ByteWriter& out);

// Null, and the reader failed, unless it is one that our own parser and recorder could have made,
// with marks that rise to the end of the body. So whoever forges one cannot write lines of his own
// into a response. Allocates only for what is really there.
std::shared_ptr<const Record> read_record(base::ByteReader& in);

}  // namespace reprise::recording
