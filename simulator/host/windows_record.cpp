#include "host/windows_record.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace firebreak::host {

namespace {

using base::Error;
using base::Result;

constexpr size_t kMostDepth = 16;
constexpr size_t kMostFields = 1000;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<uint64_t> whole_number(std::string_view text, int base = 10) {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return error == std::errc() && end == text.data() + text.size() && !text.empty()
               ? std::optional(value)
               : std::nullopt;
}

// ".265" or ".2650000Z" as ms; nullopt if it is no fraction of a second.
std::optional<int64_t> fraction_ms(std::string_view text) {
    text = text.ends_with('Z') ? text.substr(0, text.size() - 1) : text;
    if (text.empty()) {
        return 0;
    }
    if (text.front() != '.' || text.size() < 2 || text.size() > 10 ||
        text.find_first_not_of("0123456789", 1) != std::string_view::npos) {
        return std::nullopt;
    }
    std::string digits(text.substr(1, 3));
    digits.resize(3, '0');
    return static_cast<int64_t>(*whole_number(digits));
}

}  // namespace

// Takes the fields out of what the parser meets, without a tree. Never throws.
class RecordReader : public nlohmann::json_sax<nlohmann::json> {
  public:
    explicit RecordReader(WindowsRecord& record) : record_(record) {}
    const std::string& problem() const { return problem_; }

    bool null() override { return true; }
    bool boolean(bool value) override { return take(value ? "true" : "false"); }
    bool number_integer(number_integer_t value) override { return take(std::to_string(value)); }
    bool number_unsigned(number_unsigned_t value) override { return take(std::to_string(value)); }
    bool number_float(number_float_t, const string_t& text) override { return take(text); }
    bool string(string_t& value) override { return take(std::move(value)); }
    bool binary(binary_t&) override { return true; }
    bool start_array(size_t) override { return descend(); }
    bool end_array() override { return ascend(); }
    bool start_object(size_t) override { return descend(); }
    bool end_object() override { return ascend(); }
    bool key(string_t& name) override {
        key_ = std::move(name);
        return true;
    }
    bool parse_error(size_t at, const std::string&, const nlohmann::detail::exception&) override {
        return stop("no JSON from byte " + std::to_string(at) + " on");
    }

  private:
    bool stop(std::string problem) {
        problem_ = std::move(problem);
        return false;
    }
    bool descend() {
        // The attributes of <Execution …> belong to that, as its text would.
        around_.push_back(key_ == "#attributes" && !around_.empty() ? around_.back() : key_);
        data_name_.clear();
        return around_.size() <= kMostDepth || stop("nested more than 16 deep");
    }
    bool ascend() {
        key_ = std::move(around_.back());
        around_.pop_back();
        return true;
    }
    bool take(std::string value) {
        if (around_.empty()) {
            return true;
        }
        if (record_.fields_.size() == kMostFields) {
            return stop("more than 1,000 fields");
        }
        const std::string& around = around_.back();
        if (around == "Data" && (key_ == "Name" || key_ == "@Name")) {
            data_name_ = std::move(value);
            return true;
        }
        record_.fields_.push_back({name_here(around), std::move(value)});
        return true;
    }
    std::string name_here(const std::string& around) const {
        if (key_ == "#text") {
            return around == "Data" && !data_name_.empty() ? data_name_ : around;
        }
        // Not the ProcessID of what the record is about.
        return around == "Execution" ? around + key_ : key_;
    }

    WindowsRecord& record_;
    std::string key_;
    std::vector<std::string> around_;  // the names of objects and lists that we are in
    std::string data_name_;            // of <Data Name="…">
    std::string problem_;
};

Result<WindowsRecord> WindowsRecord::parse(std::string_view line) {
    WindowsRecord record;
    RecordReader reader(record);
    const bool parsed = nlohmann::json::sax_parse(line.begin(), line.end(), &reader);
    if (!parsed) {
        return Error{reader.problem(), "", ""};
    }
    return record;
}

std::string_view WindowsRecord::text(std::string_view name) const {
    const auto found = std::ranges::find_if(
        fields_, [&](const Field& field) { return same_name(field.name, name); });
    return found == fields_.end() || found->value == "-" ? std::string_view() : found->value;
}

std::string_view WindowsRecord::last_text(std::string_view name) const {
    const auto found = std::find_if(fields_.rbegin(), fields_.rend(), [&](const Field& field) {
        return same_name(field.name, name);
    });
    return found == fields_.rend() || found->value == "-" ? std::string_view() : found->value;
}

std::optional<uint64_t> WindowsRecord::number(std::string_view name) const {
    const std::string_view found = text(name);
    return found.starts_with("0x") ? whole_number(found.substr(2), 16) : whole_number(found);
}

std::string_view WindowsRecord::channel() const {
    return text("Channel");
}

std::optional<uint64_t> WindowsRecord::id() const {
    const auto id = number("EventID");
    return id ? id : number("event_id");
}

std::string_view WindowsRecord::machine() const {
    for (const std::string_view name : {"Hostname", "Computer", "computer_name"}) {
        if (const std::string_view found = text(name); !found.empty()) {
            return found;
        }
    }
    return "";
}

std::optional<int64_t> WindowsRecord::utc_ms() const {
    return parse_time_ms(text("UtcTime"));
}

std::optional<int64_t> WindowsRecord::logged_ms() const {
    for (const std::string_view name : {"TimeCreated", "SystemTime", "EventTime", "@timestamp"}) {
        if (const auto found = parse_time_ms(text(name))) {
            return found;
        }
    }
    return std::nullopt;
}

std::optional<int64_t> parse_time_ms(std::string_view text) {
    using namespace std::chrono;
    constexpr std::string_view kShape = "0000-00-00 00:00:00";
    if (text.size() < kShape.size()) {
        return std::nullopt;
    }
    for (size_t i = 0; i < kShape.size(); ++i) {
        const bool fits = kShape[i] == '0' ? text[i] >= '0' && text[i] <= '9'
                                           : text[i] == kShape[i] || (i == 10 && text[i] == 'T');
        if (!fits) {
            return std::nullopt;
        }
    }
    const auto part = [&](size_t at, size_t digits) {
        return static_cast<int>(*whole_number(text.substr(at, digits)));
    };
    const year_month_day date(year(part(0, 4)), month(static_cast<unsigned>(part(5, 2))),
                              day(static_cast<unsigned>(part(8, 2))));
    const auto fraction = fraction_ms(text.substr(kShape.size()));
    if (!date.ok() || part(0, 4) < 1970 || part(11, 2) > 23 || part(14, 2) > 59 ||
        part(17, 2) > 59 || !fraction) {
        return std::nullopt;
    }
    const auto time = sys_days(date).time_since_epoch() + hours(part(11, 2)) +
                      minutes(part(14, 2)) + seconds(part(17, 2)) + milliseconds(*fraction);
    return duration_cast<milliseconds>(time).count();
}

}  // namespace firebreak::host
