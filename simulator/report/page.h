// The frame of an HTML report: one file that needs nothing beside it.
#pragma once

#include <string>
#include <vector>

namespace firebreak::report {

struct Section {
    std::string id;         // for links; a word of ours
    std::string title;      // ours
    std::string body;       // markup; empty: the section is left out
    bool own_page = false;  // begins a page in print
};

struct Page {
    std::string title;   // from outside
    std::string header;  // markup under the title
    std::vector<Section> sections;
    std::string version;  // of Firebreak, from outside
};

// Well-formed XML and HTML at a time. A content security policy lets it load nothing and run no
// script but its own, so that a mistake in escaping would be no hole yet.
std::string html_page(const Page& page);

}  // namespace firebreak::report
