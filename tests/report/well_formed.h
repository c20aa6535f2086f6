// Is a text well-formed XML, as far as our reports use it?
#pragma once

#include <string>
#include <string_view>

namespace firebreak::report {

// What is wrong, with the text around it; empty if nothing is. Checks nesting, attributes (quoted,
// no name twice), references, and that no character is there which XML cannot hold. Knows elements,
// one doctype and CDATA sections, nothing else: reports have no comments and no other declarations.
std::string xml_fault(std::string_view text);

// The text of the document with all tags taken out and references resolved.
std::string visible_text(std::string_view markup);

}  // namespace firebreak::report
