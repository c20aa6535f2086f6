#include "report/page.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "report/markup.h"
#include "report_assets.h"

namespace firebreak::report {

namespace {

std::string base64(base::ByteView bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (size_t i = 0; i < bytes.size(); i += 3) {
        uint32_t group = 0;
        for (size_t k = 0; k < 3; ++k) {
            group = group << 8 | (i + k < bytes.size() ? bytes[i + k] : 0u);
        }
        for (size_t k = 0; k < 4; ++k) {
            out += i + k > bytes.size() ? '=' : kDigits[group >> (18 - 6 * k) & 0x3f];
        }
    }
    return out;
}

std::string head(const std::string& title, const std::string& script) {
    return fmt::format(
        "<head>\n<meta charset=\"utf-8\" />\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'; script-src 'sha384-{}'\" />\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n"
        "<meta name=\"color-scheme\" content=\"light dark\" />\n"
        "<title>{}</title>\n<style>\n{}</style>\n</head>\n",
        base64(base::sha384(base::view_of(script)).bytes), title, kReportStyle);
}

}  // namespace

std::string html_page(const Page& page) {
    // XML takes `<` and `&` in a script only in such a section; HTML takes its marks for comments.
    const std::string script = fmt::format("//<![CDATA[\n{}//]]>", kReportScript);
    std::string links;
    std::string sections;
    for (const Section& section : page.sections) {
        if (section.body.empty()) {
            continue;
        }
        if (!section.title.empty()) {
            links += fmt::format("<a href=\"#{}\">{}</a>\n", section.id, section.title);
        }
        sections +=
            fmt::format("<section id=\"{}\"{}>\n{}{}</section>\n", section.id,
                        section.own_page ? " class=\"page\"" : "",
                        section.title.empty() ? "" : tag("h2", section.title) + "\n", section.body);
    }
    const std::string title = escape_prose(page.title, 400);
    return "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n" +
           head(title, script) + "<body>\n" + tag("header", tag("h1", title) + "\n" + page.header) +
           "\n" + tag("nav", links) + "\n" + tag("main", sections) + "\n" +
           tag("footer", "Made by Firebreak " + escape(page.version) +
                             ". This file holds all it needs; it loads nothing.") +
           "\n" + tag("script", script) + "\n</body>\n</html>\n";
}

}  // namespace firebreak::report
