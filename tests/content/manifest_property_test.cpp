#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <rapidcheck/gtest.h>  // after gtest.h, which it does not include

#include <set>

#include "content/generators.h"
#include "content/manifest.h"

namespace firebreak::content {
namespace {

using test::any_digest;
using test::mutated;
using test::text_of_characters;

Manifest any_manifest() {
    Manifest manifest;
    manifest.feed = static_cast<Feed>(*rc::gen::inRange<int>(0, kFeedCount));
    manifest.version = *text_of_characters("aZ09._-", 64);
    manifest.min_product_version = *rc::gen::element<std::string>("0", "2024.2", "1.2.3.4.5.6.7.8");
    manifest.platform = *text_of_characters("az09-", 32);
    const auto groups = *rc::gen::container<std::set<std::string>>(text_of_characters("az09-", 40));
    manifest.groups.assign(groups.begin(), groups.end());
    manifest.groups.resize(std::min<size_t>(groups.size(), 64));
    const auto names = *rc::gen::container<std::set<std::string>>(
        rc::gen::suchThat(text_of_characters("aZ0._-+ ()~", 100), is_payload_name));
    for (const std::string& name : names) {
        if (manifest.payloads.size() < 64) {
            const auto size = *rc::gen::inRange<uint64_t>(0, max_payload_bytes(manifest.feed) + 1);
            manifest.payloads.push_back({name, size, any_digest()});
        }
    }
    if (manifest.payloads.empty()) {
        manifest.payloads.push_back({"only", 0, any_digest()});
    }
    return manifest;
}

// The one thing that must hold of any bytes at all.
void check_parsed_manifest_is_canonical(const base::Bytes& bytes) {
    if (const auto manifest = parse_manifest(bytes); manifest.ok()) {
        RC_ASSERT(canonical_json(*manifest) == bytes);
    }
}

RC_GTEST_PROP(ManifestProperty, EveryValidManifestSurvivesTheRoundTrip, ()) {
    const Manifest manifest = any_manifest();
    RC_ASSERT(validate(manifest).ok());
    const auto parsed = parse_manifest(canonical_json(manifest));
    RC_ASSERT(parsed.ok());
    RC_ASSERT(*parsed == manifest);
}

RC_GTEST_PROP(ManifestProperty, AMutatedManifestIsRefusedOrAnotherCanonicalOne, ()) {
    check_parsed_manifest_is_canonical(mutated(canonical_json(any_manifest())));
}

RC_GTEST_PROP(ManifestProperty, RandomBytesNeverPassForAManifest, (const base::Bytes& bytes)) {
    RC_ASSERT(!parse_manifest(bytes).ok());
}

RC_GTEST_PROP(ManifestProperty, DeeplyNestedJsonIsRefused, ()) {
    const auto depth = *rc::gen::inRange<size_t>(1, kMaxManifestBytes / 6);
    std::string json;
    for (size_t i = 0; i < depth; ++i) {
        json += *rc::gen::element<const char*>("[", "{\"a\":");
        if (i > 100) {  // deep enough to have mixed them
            json += std::string(depth - i, '[');
            break;
        }
    }
    RC_ASSERT(!parse_manifest(base::view_of(json)).ok());
}

RC_GTEST_PROP(VersionProperty, ComparisonIsATotalOrder, ()) {
    const auto version = text_of_characters("012.", 12);
    const auto valid = rc::gen::suchThat(version, is_product_version);
    const std::string a = *valid;
    const std::string b = *valid;
    const std::string c = *valid;
    RC_ASSERT(compare_versions(a, a) == 0);
    RC_ASSERT(compare_versions(a, b) == -compare_versions(b, a));
    if (compare_versions(a, b) <= 0 && compare_versions(b, c) <= 0) {
        RC_ASSERT(compare_versions(a, c) <= 0);
    }
}

}  // namespace
}  // namespace firebreak::content
