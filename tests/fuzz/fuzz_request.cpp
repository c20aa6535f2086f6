// What a request to the CDN says, of which we read the path and the range: whatever it is, the path
// leads nowhere else and the range lies in the file. Input: the path, a line feed, the Range
// header.
#include <algorithm>
#include <cstdlib>

#include "base/bytes.h"
#include "cloud/byte_range.h"
#include "cloud/origin.h"

namespace {

using firebreak::cloud::ByteRange;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void check_path(std::string_view path) {
    if (!firebreak::cloud::is_layout_path(path)) {
        return;
    }
    check(!path.empty() && path.front() != '/' && path.back() != '/');
    check(path.front() != '.' && path.find("/.") == std::string_view::npos);
    check(path.find("//") == std::string_view::npos);
    check(path.find_first_of(std::string_view("\\%?#: \0", 7)) == std::string_view::npos);
}

void check_range(std::string_view header, uint64_t size) {
    const ByteRange range = firebreak::cloud::parse_byte_range(header, size);
    if (range.kind == ByteRange::Kind::kPart) {
        check(range.length > 0 && range.first < size && range.length <= size - range.first);
    } else {
        check(range.first == 0 && range.length == 0);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text = firebreak::base::text_of({data, size});
    const size_t line = std::min(text.find('\n'), text.size());
    check_path(text.substr(0, line));
    const std::string_view header = text.substr(std::min(line + 1, text.size()));
    for (const uint64_t file_size : {uint64_t{0}, uint64_t{1}, uint64_t{1000}, UINT64_MAX}) {
        check_range(header, file_size);
    }
    return 0;
}
