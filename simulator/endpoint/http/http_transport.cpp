#include "endpoint/http/http_transport.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace firebreak::endpoint::http {

namespace {

using base::Error;
using base::Result;
using ports::Elapsed;
using ports::Encoding;
using ports::FetchStatus;

constexpr size_t kMostHeaderBytes = 32 * 1024;
constexpr size_t kMostOfAnErrorPage = 64 * 1024;  // read to keep the connection

// A header of the last answer. nullopt: it is not there; empty as well if it is there twice.
std::optional<std::string_view> header(CURL* curl, const char* name) {
    curl_header* found = nullptr;
    if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) {
        return std::nullopt;
    }
    return found->amount == 1 ? std::string_view(found->value) : std::string_view();
}

bool is_word(std::string_view text, std::string_view lower_case) {
    return std::ranges::equal(text, lower_case, {}, [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
}

std::optional<Encoding> encoding_of(std::optional<std::string_view> content_encoding) {
    if (!content_encoding || is_word(*content_encoding, "identity")) {
        return Encoding::kIdentity;
    }
    return is_word(*content_encoding, "deflate") ? std::optional(Encoding::kDeflate) : std::nullopt;
}

// Takes a number off the front of the text.
std::optional<uint64_t> take_number(std::string_view& text) {
    uint64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc()) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<size_t>(parsed.ptr - text.data()));
    return number;
}

bool take_text(std::string_view& text, std::string_view expected) {
    if (!text.starts_with(expected)) {
        return false;
    }
    text.remove_prefix(expected.size());
    return true;
}

// Whether a Content-Range is "bytes 100-199/200": from this offset to the end of the file.
bool is_rest_of_file(std::string_view range, uint64_t offset) {
    if (!take_text(range, "bytes ")) {
        return false;
    }
    const auto first = take_number(range);
    const bool dash = take_text(range, "-");
    const auto last = take_number(range);
    const bool slash = take_text(range, "/");
    const auto size = take_number(range);
    return dash && slash && range.empty() && first == offset && last && last >= first && size &&
           *size > 0 && *last == *size - 1;
}

// For a receiver that wants the bytes in pieces of one size.
class Pieces {
  public:
    Pieces(ports::Receiver& receiver, uint64_t bytes_per_second)
        : receiver_(receiver), bytes_per_second_(bytes_per_second) {
        piece_.reserve(kPieceBytes);
    }

    // nullopt: go on.
    std::optional<FetchStatus> add(base::ByteView bytes) {
        while (!bytes.empty()) {
            const size_t count = std::min(bytes.size(), kPieceBytes - piece_.size());
            piece_.insert(piece_.end(), bytes.begin(),
                          bytes.begin() + static_cast<std::ptrdiff_t>(count));
            bytes = bytes.subspan(count);
            if (piece_.size() == kPieceBytes) {
                if (const auto end = flush()) {
                    return end;
                }
            }
        }
        return std::nullopt;
    }

    // What is left, which is less than a piece.
    std::optional<FetchStatus> flush() {
        if (piece_.empty()) {
            return std::nullopt;
        }
        delivered_ += piece_.size();
        const Elapsed at(delivered_ * 1000 / bytes_per_second_);
        if (at > ports::kLongestWait) {
            return FetchStatus::kUnfinished;
        }
        const bool go_on = receiver_.receive(piece_, at);
        piece_.clear();
        return go_on ? std::nullopt : std::optional(FetchStatus::kStopped);
    }

    uint64_t delivered() const { return delivered_; }

  private:
    ports::Receiver& receiver_;
    uint64_t bytes_per_second_;
    base::Bytes piece_;
    uint64_t delivered_ = 0;
};

// One request and its answer.
class Transfer {
  public:
    Transfer(CURL* curl, const ports::Request& request, ports::Receiver& receiver,
             const HttpSettings& settings)
        : curl_(curl),
          request_(request),
          receiver_(receiver),
          settings_(settings),
          pieces_(receiver, settings.bytes_per_second) {}

    FetchStatus perform() {
        curl_easy_setopt(curl_, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(curl_, CURLOPT_HEADERDATA, this);
        curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(curl_, CURLOPT_WRITEDATA, this);
        curl_easy_setopt(curl_, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(curl_, CURLOPT_XFERINFODATA, this);
        curl_easy_setopt(curl_, CURLOPT_NOPROGRESS, 0L);
        return result_of(curl_easy_perform(curl_));
    }

  private:
    static size_t on_header(char*, size_t, size_t bytes, void* self) {
        auto& in = *static_cast<Transfer*>(self);
        in.header_bytes_ += bytes;
        return in.header_bytes_ <= kMostHeaderBytes ? bytes : 0;
    }

    static size_t on_body(char* bytes, size_t, size_t size, void* self) {
        auto& in = *static_cast<Transfer*>(self);
        const bool go_on = in.take({reinterpret_cast<const uint8_t*>(bytes), size});
        return go_on ? size : CURL_WRITEFUNC_ERROR;
    }

    // Called about once a second, and more often while something happens. The time is libcurl's.
    static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
        auto& in = *static_cast<Transfer*>(self);
        curl_off_t now_us = 0;
        curl_easy_getinfo(in.curl_, CURLINFO_TOTAL_TIME_T, &now_us);
        if (std::exchange(in.heard_, false)) {
            in.heard_us_ = now_us;
        }
        const std::chrono::microseconds silent(now_us - in.heard_us_);
        return silent > in.settings_.silence ? 1 : 0;
    }

    long status() const {
        long status = 0;
        curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
        return status;
    }

    bool take(base::ByteView bytes) {
        if (status() == 404 || status() == 410) {
            passed_over_ += bytes.size();
            return passed_over_ <= kMostOfAnErrorPage;
        }
        end_ = begin();
        if (!end_) {
            const uint64_t before = pieces_.delivered();
            end_ = pieces_.add(bytes);
            heard_ = heard_ || pieces_.delivered() != before;
        }
        return !end_;
    }

    // Before the first byte: whether this answer is one to deliver. nullopt: it is.
    std::optional<FetchStatus> begin() {
        if (begun_) {
            return std::nullopt;
        }
        const auto encoding = encoding_of(header(curl_, "Content-Encoding"));
        const bool in_part = status() == 206;
        if (!encoding || !is_delimited() || !(status() == 200 || in_part)) {
            return FetchStatus::kUnreachable;
        }
        if (in_part &&
            (request_.offset == 0 || *encoding != Encoding::kIdentity ||
             !is_rest_of_file(header(curl_, "Content-Range").value_or(""), request_.offset))) {
            return FetchStatus::kUnreachable;
        }
        begun_ = true;
        return receiver_.begin(*encoding, in_part ? request_.offset : 0)
                   ? std::nullopt
                   : std::optional(FetchStatus::kStopped);
    }

    bool is_delimited() const {
        if (const auto coding = header(curl_, "Transfer-Encoding")) {
            return is_word(*coding, "chunked");  // another is one that libcurl would unpack
        }
        curl_off_t length = -1;
        curl_easy_getinfo(curl_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        return length >= 0;
    }

    FetchStatus result_of(CURLcode code) {
        if (end_) {
            return *end_;
        }
        if (status() == 404 || status() == 410) {
            return FetchStatus::kMissing;
        }
        if (code == CURLE_OK) {
            end_ = begin();  // of an empty body
        }
        if (!end_ && begun_) {
            end_ =
                pieces_.flush();  // of one that broke off, too: another edge can go on from there
        }
        return end_.value_or(code == CURLE_OK ? FetchStatus::kOk : FetchStatus::kUnreachable);
    }

    CURL* curl_;
    const ports::Request& request_;
    ports::Receiver& receiver_;
    const HttpSettings& settings_;
    Pieces pieces_;
    size_t header_bytes_ = 0;
    size_t passed_over_ = 0;
    bool begun_ = false;
    std::optional<FetchStatus> end_;  // decided here, not by how libcurl fares
    bool heard_ = false;              // a piece, since the last look
    curl_off_t heard_us_ = 0;         // when
};

class HeaderList {
  public:
    explicit HeaderList(const char* only) : list_(curl_slist_append(nullptr, only)) {}
    HeaderList(const HeaderList&) = delete;
    HeaderList& operator=(const HeaderList&) = delete;
    ~HeaderList() { curl_slist_free_all(list_); }
    curl_slist* get() const { return list_; }

  private:
    curl_slist* list_;
};

// As it stands in a URL: nothing in it can end the path or begin another one.
std::string escaped(std::string_view path) {
    std::string out;
    for (const char c : path) {
        const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                           (c >= '0' && c <= '9') || std::strchr("-._~/", c) != nullptr;
        if (plain && c != '\0') {
            out += c;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

std::string url_part(CURLU* url, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, 0) != CURLUE_OK) {
        return "";
    }
    std::string copy(text);
    curl_free(text);
    return copy;
}

base::Status check_edge(const std::string& edge) {
    const std::unique_ptr<CURLU, void (*)(CURLU*)> url(curl_url(), curl_url_cleanup);
    const bool good = curl_url_set(url.get(), CURLUPART_URL, edge.c_str(), 0) == CURLUE_OK &&
                      url_part(url.get(), CURLUPART_SCHEME) == "http" &&
                      url_part(url.get(), CURLUPART_PATH) == "/" && edge.back() != '/' &&
                      edge.find_first_of("@?#") == std::string::npos;
    if (!good) {
        return Error{fmt::format("`{}` is no edge's address", base::printable(edge)), "",
                     "write http://HOST:PORT with nothing after it"};
    }
    return {};
}

// All that stays the same from one request to the next. False: this libcurl cannot do it.
bool set_up(CURL* curl) {
    // Environment and home folder have no say.
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "Firebreak");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK;
}

}  // namespace

void HttpTransport::CurlDelete::operator()(void* curl) const {
    curl_easy_cleanup(curl);
}

HttpTransport::HttpTransport(HttpSettings settings, Curl curl)
    : settings_(std::move(settings)), curl_(std::move(curl)) {}

Result<std::unique_ptr<HttpTransport>> HttpTransport::to(HttpSettings settings) {
    // Once for the process, as libcurl wants it.
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (settings.edges.empty() || settings.bytes_per_second == 0) {
        return Error{"a transport needs an edge to ask, and a rate", "", ""};
    }
    for (const std::string& edge : settings.edges) {
        FB_CHECK(check_edge(edge));
    }
    Curl curl(ready == CURLE_OK ? curl_easy_init() : nullptr);
    if (curl == nullptr || !set_up(curl.get())) {
        return Error{"libcurl cannot be used for HTTP here", "", "install Debian's libcurl4"};
    }
    return std::unique_ptr<HttpTransport>(new HttpTransport(std::move(settings), std::move(curl)));
}

FetchStatus HttpTransport::get(const ports::Request& request, ports::Receiver& receiver) {
    if (request.edge >= edges()) {
        return FetchStatus::kUnreachable;
    }
    CURL* curl = curl_.get();
    const std::string url = settings_.edges[request.edge] + "/" + escaped(request.path);
    const std::string range = fmt::format("{}-", request.offset);
    const bool whole = request.offset == 0;
    // A range of a packed body would be one of the packed bytes. As a plain header this leaves the
    // body as it is; libcurl unpacks only for CURLOPT_ACCEPT_ENCODING.
    const HeaderList headers(whole ? "Accept-Encoding: deflate" : "Accept-Encoding: identity");
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_RANGE, whole ? nullptr : range.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    const FetchStatus status = Transfer(curl, request, receiver, settings_).perform();
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, nullptr);
    return status;
}

}  // namespace firebreak::endpoint::http
