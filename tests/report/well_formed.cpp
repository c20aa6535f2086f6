#include "report/well_formed.h"

#include <algorithm>
#include <set>
#include <vector>

#include "base/text.h"

namespace firebreak::report {

namespace {

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

class Reader {
  public:
    explicit Reader(std::string_view text) : rest_(text) {}

    std::string fault() {
        take("<!DOCTYPE html>\n");
        while (!rest_.empty() && fault_.empty()) {
            if (take("<![CDATA[")) {
                section();
            } else if (take("</")) {
                close();
            } else if (take("<")) {
                open();
            } else {
                character();
            }
        }
        if (fault_.empty() && !elements_.empty()) {
            fail("never closed: " + elements_.back());
        }
        if (fault_.empty() && roots_ != 1) {
            fail("not one root");
        }
        return fault_;
    }

  private:
    bool take(std::string_view word) {
        const bool here = rest_.starts_with(word);
        rest_.remove_prefix(here ? word.size() : 0);
        return here;
    }
    void fail(const std::string& what) {
        fault_ = what + ", before: " + std::string(rest_.substr(0, 80));
    }
    std::string name() {
        const auto* end = std::find_if_not(rest_.begin(), rest_.end(), is_name);
        std::string out(rest_.begin(), end);
        rest_.remove_prefix(out.size());
        if (out.empty()) {
            fail("a name is missing");
        }
        return out;
    }
    void section() {
        const size_t end = rest_.find("]]>");
        if (end == std::string_view::npos) {
            return fail("a section without end");
        }
        rest_.remove_prefix(end + 3);
    }
    void close() {
        const std::string element = name();
        if (elements_.empty() || elements_.back() != element || !take(">")) {
            return fail("closed out of turn: " + element);
        }
        elements_.pop_back();
    }
    void open() {
        const std::string element = name();
        roots_ += elements_.empty();
        std::set<std::string> seen;
        while (fault_.empty() && take(" ") && !rest_.starts_with("/>")) {
            if (!seen.insert(name()).second) {
                return fail("an attribute twice in " + element);
            }
            if (!take("=\"")) {
                return fail("an attribute without quotes in " + element);
            }
            while (fault_.empty() && !take("\"")) {
                rest_.empty() || rest_[0] == '<' ? fail("an attribute without end") : character();
            }
        }
        if (take("/>") || !fault_.empty()) {
            return;
        }
        if (!take(">")) {
            return fail("a tag without end: " + element);
        }
        elements_.push_back(element);
    }
    void character() {
        if (take("&")) {
            for (const char* reference : {"amp;", "lt;", "gt;", "quot;", "#39;"}) {
                if (take(reference)) {
                    return;
                }
            }
            return fail("a reference that nobody wrote");
        }
        const auto byte = static_cast<unsigned char>(rest_[0]);
        if (byte < 0x20 && byte != '\n') {
            return fail("a control character");
        }
        size_t length = 1;
        while (length < rest_.size() && (rest_[length] & 0xc0) == 0x80) {
            ++length;
        }
        const std::string_view whole = rest_.substr(0, length);
        // printable() passes valid UTF-8 on as it is.
        if ((byte >= 0x80 && base::printable(whole) != whole) || whole == "\xef\xbf\xbe" ||
            whole == "\xef\xbf\xbf") {
            return fail("no character of XML");
        }
        rest_.remove_prefix(length);
    }

    std::string_view rest_;
    std::vector<std::string> elements_;
    int roots_ = 0;
    std::string fault_;
};

}  // namespace

std::string xml_fault(std::string_view text) {
    return Reader(text).fault();
}

std::string visible_text(std::string_view markup) {
    std::string out;
    bool inside = false;
    for (const char c : markup) {
        inside |= c == '<';
        if (!inside) {
            out += c;
        }
        inside &= c != '>';
    }
    for (const auto& [reference, character] :
         {std::pair("&lt;", "<"), std::pair("&gt;", ">"), std::pair("&quot;", "\""),
          std::pair("&#39;", "'"), std::pair("&amp;", "&")}) {
        for (size_t at = out.find(reference); at != std::string::npos;
             at = out.find(reference, at + 1)) {
            out.replace(at, std::string_view(reference).size(), character);
        }
    }
    return out;
}

}  // namespace firebreak::report
