#pragma once

#include <string>
#include <vector>

#include "style/source_tree.h"

namespace reprise::style {

// Findings: one line each, "path:line: what is wrong".
using Findings = std::vector<std::string>;

// A folder of src/ includes itself and lower floors only, never a neighbour.
Findings check_floors(const SourceFile& file);

// Each third-party header comes in through one door of src/.
Findings check_doors(const SourceFile& file);

// Files stay under 400 lines and lines within 100 columns; no tabs, no trailing blanks.
Findings check_sizes(const SourceFile& file);

// Headers say #pragma once first.
Findings check_pragma(const SourceFile& file);

// No promises to come back later, no words that we do not use, no exceptions.
Findings check_words(const SourceFile& file);

// Each class of a header in src/ has a card: a comment that begins with its name.
Findings check_cards(const SourceFile& file);

}  // namespace reprise::style
