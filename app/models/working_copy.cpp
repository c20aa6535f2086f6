#include "models/working_copy.h"

#include <fmt/format.h>

#include <QFile>
#include <QStringDecoder>
#include <algorithm>
#include <array>
#include <system_error>

#include "base/text.h"

namespace firebreak::models {

namespace fs = std::filesystem;

namespace {

constexpr std::array kContentKinds = {"good", "defective", "corrupt", "malicious"};
constexpr qint64 kMostOfAReadme = 4096;
constexpr size_t kMostText = 2u << 20;
constexpr size_t kLongestLine = 160;

QString begin_of(const fs::path& file) {
    QFile in(QString::fromStdString(file.string()));
    return in.open(QIODevice::ReadOnly) ? QString::fromUtf8(in.read(kMostOfAReadme)) : QString();
}

// The first sentence of the first paragraph below the heading.
QString said_by_readme(const QString& text) {
    QString out;
    for (const QString& line : text.split('\n')) {
        if (line.startsWith('#') || line.startsWith('|') || line.startsWith("**")) {
            continue;
        }
        if (line.trimmed().isEmpty()) {
            if (!out.isEmpty()) {
                break;
            }
            continue;
        }
        out += (out.isEmpty() ? "" : " ") + line.trimmed();
    }
    const qsizetype end = out.indexOf(". ");
    return (end < 0 ? out : out.left(end + 1)).remove('`').left(kLongestLine);
}

// What a rule says of itself in its first line.
QString said_by_file(const QString& text) {
    QString line = text.left(text.indexOf('\n')).trimmed();
    for (const char* mark : {"--", "//", "#"}) {
        if (line.startsWith(QLatin1String(mark))) {
            return line.mid(static_cast<qsizetype>(std::strlen(mark))).trimmed().left(kLongestLine);
        }
    }
    return {};
}

QString says_of(const fs::path& folder) {
    const QString readme = said_by_readme(begin_of(folder / "README.md"));
    if (!readme.isEmpty()) {
        return readme;
    }
    std::vector<fs::path> files;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        if (entry.path().filename() != "README.md") {
            files.push_back(entry.path());
        }
    }
    const auto first = std::ranges::min_element(files);
    return first == files.end() ? QString() : said_by_file(begin_of(*first));
}

// A README stands beside content, and is none of it.
bool is_content(const std::string& name) {
    return name != "README.md";
}

base::Error cannot_be_called(const std::string& name) {
    return {"is no name for a file of content", base::printable(name, 100),
            "use letters, digits, dots, - and _"};
}

}  // namespace

std::string ContentFixture::name() const {
    return fmt::format("{}/{}/{}", kind, content::info(feed).name, version);
}

std::vector<ContentFixture> content_fixtures(const fs::path& fixtures, content::Feed feed) {
    std::vector<ContentFixture> out;
    for (const char* kind : kContentKinds) {
        std::vector<fs::path> folders;
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(
                 fixtures / "content" / kind / content::info(feed).name, ignored)) {
            if (entry.is_directory(ignored)) {
                folders.push_back(entry.path());
            }
        }
        std::ranges::sort(folders);
        for (const fs::path& folder : folders) {
            out.push_back({feed, kind, folder.filename().string(), folder, says_of(folder)});
        }
    }
    return out;
}

WorkingCopy::WorkingCopy(fs::path fixtures, QObject* parent)
    : QObject(parent), fixtures_(std::move(fixtures)) {}

void WorkingCopy::put_original(const bridge::TrialContent& content) {
    original_ = content;
    Q_EMIT changed();
}

// A fixture that has fewer files than the newest good version, and none of its.
bool WorkingCopy::is_lone_rule() const {
    const fs::path all = fixtures_ / "content";
    const fs::path relative = folder_.lexically_relative(all);
    const std::vector<std::string> good = joinable();
    if (relative.empty() || *relative.begin() == ".." || good.empty() ||
        *relative.begin() == kContentKinds.front()) {
        return false;
    }
    auto other = bridge::read_content(all / good.back());
    if (!other.ok()) {
        return false;
    }
    std::erase_if(*other, [](const auto& file) { return !is_content(file.first); });
    return now_.files.size() < other->size() &&
           std::ranges::none_of(now_.files,
                                [&](const auto& file) { return other->contains(file.first); });
}

base::Status WorkingCopy::open(content::Feed feed, const fs::path& folder) {
    FB_TRY(bridge::TrialFiles files, bridge::read_content(folder));
    std::erase_if(files, [](const auto& file) { return !is_content(file.first); });
    if (files.empty()) {
        return base::Error{"there is no file of content", folder.string(),
                           "open a folder with the files of one version of a feed"};
    }
    feed_ = feed;
    folder_ = folder;
    now_ = {std::move(files), {}};
    if (is_lone_rule()) {
        now_.with = {joinable().back()};
    }
    original_ = now_;
    Q_EMIT opened();
    Q_EMIT changed();
    return {};
}

QString WorkingCopy::name() const {
    const fs::path relative = folder_.lexically_relative(fixtures_ / "content");
    const bool is_fixture = !relative.empty() && *relative.begin() != "..";
    return QString::fromStdString((is_fixture ? relative : folder_).string());
}

std::vector<WorkingCopy::Entry> WorkingCopy::entries() const {
    std::vector<Entry> out;
    for (const auto& [name, bytes] : now_.files) {
        const auto before = original_.files.find(name);
        const Change change = before == original_.files.end() ? Change::kAdded
                              : *before->second == *bytes     ? Change::kNone
                                                              : Change::kEdited;
        out.push_back({name, change, bytes});
    }
    for (const auto& [name, bytes] : original_.files) {
        if (!now_.files.contains(name)) {
            out.push_back({name, Change::kRemoved, bytes});
        }
    }
    std::ranges::sort(out, {}, &Entry::name);
    return out;
}

std::optional<WorkingCopy::Entry> WorkingCopy::entry(const std::string& name) const {
    for (Entry& one : entries()) {
        if (one.name == name) {
            return std::move(one);
        }
    }
    return std::nullopt;
}

bool WorkingCopy::is_modified() const {
    return now_.with != original_.with || std::ranges::any_of(entries(), [](const Entry& one) {
               return one.change != Change::kNone;
           });
}

void WorkingCopy::set(const std::string& name, base::Bytes bytes) {
    Bytes& now = now_.files[name];
    if (now != nullptr && *now == bytes) {
        return;
    }
    now = std::make_shared<const base::Bytes>(std::move(bytes));
    Q_EMIT changed();
}

base::Status WorkingCopy::add(const std::string& name, base::Bytes bytes) {
    constexpr std::string_view kAllowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    if (name.empty() || name.front() == '.' || !is_content(name) ||
        name.find_first_not_of(kAllowed) != std::string::npos) {
        return cannot_be_called(name);
    }
    if (now_.files.contains(name)) {
        return base::Error{"there is a file of that name", name, "choose another name"};
    }
    set(name, std::move(bytes));
    return {};
}

void WorkingCopy::remove(const std::string& name) {
    if (now_.files.erase(name) > 0) {
        Q_EMIT changed();
    }
}

void WorkingCopy::restore(const std::string& name) {
    const auto before = original_.files.find(name);
    if (before == original_.files.end()) {
        remove(name);
    } else {
        now_.files[name] = before->second;
        Q_EMIT changed();
    }
}

void WorkingCopy::join(const std::vector<std::string>& with) {
    if (now_.with != with) {
        now_.with = with;
        Q_EMIT changed();
    }
}

void WorkingCopy::replace(const bridge::TrialContent& content) {
    now_ = content;
    Q_EMIT changed();
}

std::vector<std::string> WorkingCopy::joinable() const {
    std::vector<std::string> out;
    for (const ContentFixture& one : content_fixtures(fixtures_, feed_)) {
        if (one.kind == kContentKinds.front() && one.folder != folder_) {
            out.push_back(one.name());
        }
    }
    return out;
}

bool is_text(const base::Bytes& bytes) {
    if (bytes.size() > kMostText) {
        return false;
    }
    const bool controls = std::ranges::any_of(bytes, [](uint8_t byte) {
        return (byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') || byte == 0x7f;
    });
    QStringDecoder decoder(QStringDecoder::Utf8, QStringConverter::Flag::Stateless);
    const QString text = decoder.decode(QByteArrayView(reinterpret_cast<const char*>(bytes.data()),
                                                       static_cast<qsizetype>(bytes.size())));
    Q_UNUSED(text)
    return !controls && !decoder.hasError();
}

QString hex_view(const base::Bytes& bytes, size_t most) {
    constexpr size_t kInALine = 16;
    std::string out;
    const size_t end = std::min(most, bytes.size());
    for (size_t at = 0; at < end; at += kInALine) {
        std::string hex, ascii;
        for (size_t i = at; i < at + kInALine; ++i) {
            hex += i < end ? fmt::format("{:02x} ", bytes[i]) : "   ";
            if (i < end) {
                ascii += bytes[i] >= 0x20 && bytes[i] < 0x7f ? static_cast<char>(bytes[i]) : '.';
            }
        }
        out += fmt::format("{:08x}  {} {}\n", at, hex, ascii);
    }
    return QString::fromStdString(out);
}

}  // namespace firebreak::models
