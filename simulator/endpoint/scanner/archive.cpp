#include "endpoint/scanner/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

namespace firebreak::endpoint::scanner {
namespace {

constexpr size_t kMaxMemberName = 1000;

struct FreeReader {
    void operator()(struct archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<struct archive, FreeReader>;

// No filter that libarchive would start another program for.
Reader open_reader(base::ByteView bytes) {
    Reader reader(archive_read_new());
    if (reader == nullptr) {
        return nullptr;
    }
    struct archive* const raw = reader.get();
    archive_read_support_filter_gzip(raw);
    archive_read_support_filter_bzip2(raw);
    archive_read_support_filter_xz(raw);
    archive_read_support_filter_zstd(raw);
    archive_read_support_filter_lz4(raw);
    archive_read_support_format_zip(raw);
    archive_read_support_format_7zip(raw);
    archive_read_support_format_rar(raw);
    archive_read_support_format_rar5(raw);
    archive_read_support_format_cab(raw);
    archive_read_support_format_tar(raw);
    archive_read_support_format_raw(raw);  // of one compressed file
    return archive_read_open_memory(raw, bytes.data(), bytes.size()) == ARCHIVE_OK
               ? std::move(reader)
               : nullptr;
}

// "Raw" takes anything: of what is not even compressed, the one member would be the file itself.
bool is_nothing_packed(struct archive* reader) {
    return archive_format(reader) == ARCHIVE_FORMAT_RAW &&
           archive_filter_code(reader, 0) == ARCHIVE_FILTER_NONE;
}

std::string name_of(struct archive* reader, archive_entry* entry) {
    const char* name =
        archive_format(reader) == ARCHIVE_FORMAT_RAW ? "content" : archive_entry_pathname(entry);
    std::string text = name == nullptr ? "unnamed" : name;
    text.resize(std::min(text.size(), kMaxMemberName));
    return text;
}

// The contents of one member: in memory, and in a large object once they are large.
class Contents {
  public:
    explicit Contents(WorkingFolders* folders) : folders_(folders) {}

    // False: no room for it.
    bool append(base::ByteView bytes) {
        size_ += bytes.size();
        if (object_ == nullptr && folders_ != nullptr &&
            bytes_.size() + bytes.size() > kLargeMember) {
            object_ = folders_->new_object();
            if (object_ == nullptr || !object_->append(bytes_)) {
                object_.reset();  // what is in memory stays there
                folders_ = nullptr;
                return false;
            }
            bytes_ = {};
        }
        if (object_ != nullptr) {
            return object_->append(bytes);
        }
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return true;
    }
    size_t size() const { return size_; }
    base::ByteView view() { return object_ != nullptr ? object_->view() : bytes_; }

  private:
    WorkingFolders* folders_;
    size_t size_ = 0;
    base::Bytes bytes_;
    std::unique_ptr<LargeObject> object_;
};

// How much longer than inflating it takes to unpack a byte, at most (measured over /usr/bin).
uint64_t weight_of(struct archive* reader) {
    constexpr uint64_t kBzip2 = 8, kLzma = 4;
    if (archive_format(reader) == ARCHIVE_FORMAT_7ZIP ||
        archive_format(reader) == ARCHIVE_FORMAT_RAR ||
        archive_format(reader) == ARCHIVE_FORMAT_RAR_V5) {
        return kLzma;
    }
    const int filter = archive_filter_code(reader, 0);
    return filter == ARCHIVE_FILTER_BZIP2 ? kBzip2 : filter == ARCHIVE_FILTER_XZ ? kLzma : 1;
}

// The member's bytes, up to a gap.
std::optional<GapReason> read_member(struct archive* reader, ArchiveBudget& budget,
                                     Contents& contents) {
    std::array<uint8_t, 64 * 1024> piece;
    const uint64_t weight = weight_of(reader);
    for (;;) {
        const la_ssize_t n = archive_read_data(reader, piece.data(), piece.size());
        if (n <= 0) {
            return n < 0 ? std::optional(GapReason::kDamaged) : std::nullopt;
        }
        const auto size = static_cast<size_t>(n);
        if (const auto gap = budget.take_bytes(size, weight)) {
            return gap;
        }
        if (!contents.append(base::ByteView(piece).first(size))) {
            return GapReason::kNoRoom;
        }
    }
}

bool ends_all(GapReason reason) {
    return reason == GapReason::kTooMany || reason == GapReason::kTooLarge ||
           reason == GapReason::kRatio;
}

}  // namespace

std::optional<GapReason> ArchiveBudget::take_member() {
    return ++members_ > limits_.members ? std::optional(GapReason::kTooMany) : std::nullopt;
}

std::optional<GapReason> ArchiveBudget::take_bytes(uint64_t bytes, uint64_t weight) {
    bytes_ += bytes;
    work_ += bytes * weight;
    if (work_ > limits_.bytes) {
        return GapReason::kTooLarge;
    }
    if (bytes_ > limits_.modest && bytes_ / limits_.ratio > subject_bytes_) {
        return GapReason::kRatio;
    }
    return std::nullopt;
}

void prepare_archives() {
    // Names of members are UTF-8 in most archives. With that as the process's own encoding
    // libarchive converts by itself, and the C library looks for no converters in files.
    setlocale(LC_CTYPE, "C.UTF-8");
}

bool may_be_archive(base::ByteView bytes) {
    using namespace std::string_view_literals;
    constexpr std::array kBeginnings = {"PK\3\4"sv,
                                        "7z\xBC\xAF\x27\x1C"sv,
                                        "Rar!\x1A\7"sv,
                                        "MSCF\0\0\0\0"sv,
                                        "\x1F\x8B\x08"sv,
                                        "BZh"sv,
                                        "\xFD"
                                        "7zXZ\0"sv,
                                        "\x28\xB5\x2F\xFD"sv,
                                        "\x04\x22\x4D\x18"sv};
    const std::string_view text = base::text_of(bytes);
    constexpr size_t kTarMagicAt = 257;
    return std::any_of(kBeginnings.begin(), kBeginnings.end(),
                       [text](std::string_view one) { return text.starts_with(one); }) ||
           (text.size() > kTarMagicAt && text.substr(kTarMagicAt).starts_with("ustar"));
}

void take_apart(base::ByteView archive, ArchiveBudget& budget, const ArchiveVisitor& visitor,
                WorkingFolders* folders) {
    const Reader reader = open_reader(archive);
    if (reader == nullptr) {
        visitor.gap(GapReason::kDamaged, "");
        return;
    }
    for (;;) {
        archive_entry* entry = nullptr;
        const int status = archive_read_next_header(reader.get(), &entry);
        if (status == ARCHIVE_EOF || (status >= ARCHIVE_WARN && is_nothing_packed(reader.get()))) {
            return;
        }
        if (status < ARCHIVE_WARN) {
            visitor.gap(GapReason::kDamaged, "");
            return;
        }
        const std::string name = name_of(reader.get(), entry);
        std::optional<GapReason> gap = budget.take_member();
        if (!gap && archive_entry_is_data_encrypted(entry) > 0) {
            gap = GapReason::kEncrypted;
        }
        if (!gap) {
            Contents contents(folders);
            gap = read_member(reader.get(), budget, contents);
            const base::ByteView all = contents.view();
            if (!gap && all.size() != contents.size()) {
                gap = GapReason::kNoRoom;
            }
            visitor.member(name, all);
        }
        if (gap) {
            visitor.gap(*gap, name);
            if (ends_all(*gap)) {
                return;
            }
        }
    }
}

}  // namespace firebreak::endpoint::scanner
