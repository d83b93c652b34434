// Makes a line of any origin comparable: no colours, quotation marks of mail and forums, odd blanks,
// typographic quotes or entities; the words stay as they are.
#pragma once

#include <string>
#include <string_view>

namespace unbrick::diagnostics {

// `out` is overwritten (its memory is used again). Bad UTF-8 is kept byte for byte.
void normalise_line(std::string_view raw, std::string& out);
// As normalise_line, where the caller knows that nothing has to be replaced: plain ASCII without markup.
bool is_plain(std::string_view raw);
// Bytes that are no text (NUL and most control characters) are more than one in ten.
bool looks_binary(std::string_view head);

}  // namespace unbrick::diagnostics
