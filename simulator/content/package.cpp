#include "content/package.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "content/encryption.h"

namespace firebreak::content {

namespace {

using base::Bytes;
using base::Error;
using base::Result;
using base::Status;
namespace fs = std::filesystem;

constexpr const char* kReadme = "README.md";
constexpr const char* kManifestFile = "manifest.json";
constexpr const char* kPayloadFolder = "payload";
constexpr const char* kEnvelopeFile = "package.p7m";

// The payload files of a source folder, by name.
Result<std::vector<fs::path>> list_payloads(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code failure;
    for (fs::directory_iterator it(folder, failure), end; !failure && it != end;
         it.increment(failure)) {
        const fs::file_status status = it->symlink_status(failure);
        if (fs::is_directory(status) || it->path().filename() == kReadme) {
            continue;
        }
        if (!fs::is_regular_file(status)) {
            return Error{"neither a plain file nor a folder", it->path().string(),
                         "put the file itself into the folder"};
        }
        files.push_back(it->path());
    }
    if (failure) {
        return Error{"cannot list the folder: " + failure.message(), folder.string(),
                     "name a folder that holds the payload files"};
    }
    std::ranges::sort(files);
    return files;
}

PayloadFile describe(const std::string& name, base::ByteView bytes) {
    return {name, bytes.size(), base::sha384(bytes)};
}

bool is_to_encrypt(Feed feed, const BuildOptions& options) {
    return info(feed).encrypted && !options.content_key.empty();
}

// The source files, and what their feed's compiler makes of them.
Result<Payloads> read_sources(Feed feed, const fs::path& folder, const BuildOptions& options) {
    FB_TRY(std::vector<fs::path> files, list_payloads(folder));
    for (const fs::path& other : options.also) {
        FB_TRY(const std::vector<fs::path> more, list_payloads(other));
        files.insert(files.end(), more.begin(), more.end());
    }
    const uint64_t most = is_to_encrypt(feed, options) ? kMaxPlainBytes : max_payload_bytes(feed);
    Payloads sources;
    for (const fs::path& file : files) {
        const std::string name = file.filename().string();
        if (!is_payload_name(name)) {
            return Error{"not a name for a payload file", file.string(), kPayloadNameRule};
        }
        if (sources.contains(name)) {
            return Error{fmt::format("a second `{}`", name), file.string(), "rename one of them"};
        }
        FB_TRY(sources[name], base::read_file(file, most));
    }
    if (!options.compile || sources.empty()) {
        return sources;
    }
    auto compiled = options.compile(std::move(sources));
    if (!compiled.ok()) {
        const Error& error = compiled.error();
        return Error{error.message, (folder / error.place).string(), error.remedy};
    }
    return compiled;
}

// As it goes into a package: encrypted if there is a key.
Result<Bytes> pack(Feed feed, Bytes plain, const fs::path& source, const BuildOptions& options) {
    if (!is_to_encrypt(feed, options)) {
        return plain;
    }
    auto cipher = encrypt(feed, plain, options.content_key);
    if (!cipher.ok()) {
        return Error{cipher.error().message, source.string(), cipher.error().remedy};
    }
    return cipher;
}

Status check_against(const PayloadFile& expected, base::ByteView payload, const fs::path& path) {
    const base::Code code = check_payload(expected, payload);
    if (code != base::Code::kNone) {
        return Error{std::string(base::to_text(code)), path.string(),
                     "build the package again from its source"};
    }
    return {};
}

}  // namespace

Result<Draft> build(Feed feed, const std::string& version, const fs::path& folder,
                    const BuildOptions& options) {
    FB_TRY(Payloads plain, read_sources(feed, folder, options));
    Draft draft{{feed, version, {}, options.min_product_version, options.platform, options.groups},
                {}};
    std::ranges::sort(draft.manifest.groups);
    for (auto& [name, contents] : plain) {
        FB_TRY(Bytes bytes, pack(feed, std::move(contents), folder / name, options));
        draft.manifest.payloads.push_back(describe(name, bytes));
        draft.payloads.emplace(name, std::move(bytes));
    }
    if (Status valid = validate(draft.manifest); !valid.ok()) {
        return Error{valid.error().message,
                     fmt::format("{}: {}", folder.string(), valid.error().place),
                     valid.error().remedy};
    }
    return draft;
}

Result<Package> sign(Draft draft, const Signer& signer, base::UtcTime signing_time) {
    FB_CHECK(validate(draft.manifest));
    const Bytes manifest = canonical_json(draft.manifest);
    FB_TRY(Bytes envelope, sign(manifest, signer, signing_time));
    return Package{std::move(draft), base::sha384(manifest), signing_time, std::move(envelope)};
}

namespace {

// What an earlier package of this folder had and this one has not.
Status remove_other_payloads(const Draft& draft, const fs::path& payloads) {
    std::error_code none_there;
    std::vector<fs::path> others;
    for (const auto& entry : fs::directory_iterator(payloads, none_there)) {
        if (!draft.payloads.contains(entry.path().filename().string())) {
            others.push_back(entry.path());
        }
    }
    for (const fs::path& other : others) {
        std::error_code failure;
        if (!fs::remove(other, failure) && failure) {
            return Error{"cannot remove: " + failure.message(), other.string(), ""};
        }
    }
    return {};
}

}  // namespace

Status save(const Draft& draft, const fs::path& folder) {
    // A signature of what was here before would not be one of what is here now.
    std::error_code failure;
    fs::remove(folder / kEnvelopeFile, failure);
    if (failure) {
        return Error{"cannot remove: " + failure.message(), (folder / kEnvelopeFile).string(), ""};
    }
    FB_CHECK(remove_other_payloads(draft, folder / kPayloadFolder));
    for (const auto& [name, bytes] : draft.payloads) {
        if (!is_payload_name(name)) {
            return Error{"not a name for a payload file", "payloads", kPayloadNameRule};
        }
        FB_CHECK(base::write_file(folder / kPayloadFolder / name, bytes));
    }
    return base::write_file(folder / kManifestFile, canonical_json(draft.manifest));
}

Status save(const Package& package, const fs::path& folder) {
    FB_CHECK(save(package.draft, folder));
    return base::write_file(folder / kEnvelopeFile, package.envelope);
}

Result<Draft> load_draft(const fs::path& folder) {
    const fs::path manifest_file = folder / kManifestFile;
    FB_TRY(const Bytes document, base::read_file(manifest_file, kMaxManifestBytes));
    auto manifest = parse_manifest(document);
    if (!manifest.ok()) {
        return Error{manifest.error().text(), manifest_file.string(),
                     "build the package again from its source"};
    }
    Draft draft{*std::move(manifest), {}};
    for (const PayloadFile& payload : draft.manifest.payloads) {
        const fs::path file = folder / kPayloadFolder / payload.name;
        FB_TRY(Bytes bytes, base::read_file(file, payload.size));
        FB_CHECK(check_against(payload, bytes, file));
        draft.payloads.emplace(payload.name, std::move(bytes));
    }
    return draft;
}

}  // namespace firebreak::content
