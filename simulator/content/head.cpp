#include "content/head.h"

#include "content/json_document.h"
#include "content/manifest.h"

namespace firebreak::content {

namespace {

using base::Error;
using base::Result;
using base::Status;

constexpr const char* kHeadType = "head";
constexpr const char* kSetType = "set";
constexpr const char* kTrustType = "trust";

json digest_or_null(const std::optional<base::Digest>& digest) {
    return digest ? json(digest->hex()) : json(nullptr);
}

Result<std::optional<base::Digest>> digest_or_null_at(const json& object, const char* key) {
    if (object.find(key)->is_null()) {
        return std::optional<base::Digest>();
    }
    FB_TRY(const base::Digest digest, digest_at(object, key));
    return std::optional(digest);
}

Status check_number(uint64_t number, const char* place, uint64_t least) {
    if (number < least || number > kMaxJsonNumber) {
        return Error{fmt::format("{} is not from {} to {}", number, least, kMaxJsonNumber), place,
                     ""};
    }
    return {};
}

Status check_group(const std::string& group) {
    if (!is_channel_name(group)) {
        return Error{"not a name for a release group or a part of one", "group", kGroupNameRule};
    }
    return {};
}

// Years that the signing time of an envelope can have.
Status check_time(base::UtcTime time, const char* place) {
    if (!base::parse_utc(base::to_text(time)).ok()) {
        return Error{"not a time in the years 1970 to 9999", place, ""};
    }
    return {};
}

Result<const json*> object_at(const json& object, const char* key) {
    const json& value = *object.find(key);
    if (!value.is_object()) {
        return Error{"not an object", key, ""};
    }
    return &value;
}

// The feed that a key of `object` names.
Result<Feed> feed_key(const std::string& key, const char* place) {
    const auto feed = find_feed(key);
    if (!feed) {
        return Error{fmt::format("no feed is named `{}`", base::printable(key)), place, ""};
    }
    return *feed;
}

Result<std::map<Feed, base::Digest>> read_packages(const json& set) {
    FB_TRY(const json* const listed, object_at(set, "packages"));
    std::map<Feed, base::Digest> packages;
    for (const auto& [key, value] : listed->items()) {
        FB_TRY(const Feed feed, feed_key(key, "packages"));
        FB_TRY(packages[feed], digest_at(*listed, key.c_str()));
    }
    return packages;
}

Result<std::map<Feed, base::UtcTime>> read_floors(const json& statement) {
    FB_TRY(const json* const listed, object_at(statement, "floors"));
    std::map<Feed, base::UtcTime> floors;
    for (const auto& [key, value] : listed->items()) {
        FB_TRY(const Feed feed, feed_key(key, "floors"));
        FB_TRY(floors[feed], time_at(*listed, key.c_str()));
    }
    return floors;
}

// That the list is sorted and names nothing twice shows when it is written again.
Result<std::set<base::Digest>> read_revoked(const json& statement) {
    const json& list = *statement.find("revoked");
    if (!list.is_array()) {
        return Error{"not a list", "revoked", ""};
    }
    std::set<base::Digest> revoked;
    for (const json& entry : list) {
        const auto digest =
            base::parse_digest(entry.is_string() ? entry.get_ref<const std::string&>() : "");
        if (!digest.ok()) {
            return Error{digest.error().message, "revoked", digest.error().remedy};
        }
        revoked.insert(*digest);
    }
    return revoked;
}

}  // namespace

bool is_channel_name(std::string_view name) {
    constexpr size_t kMostDigits = 3;
    const size_t dot = name.find('.');
    if (dot == std::string_view::npos) {
        return is_group_name(name);
    }
    const std::string_view part = name.substr(dot + 1);
    return is_group_name(name.substr(0, dot)) && !part.empty() && part.size() <= kMostDigits &&
           std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
}

Status validate(const SignedHead& head) {
    FB_CHECK(check_group(head.group));
    FB_CHECK(check_number(head.sequence, "sequence", 0));
    FB_CHECK(check_number(head.trust, "trust", 0));
    FB_CHECK(check_time(head.issued, "issued"));
    FB_CHECK(check_time(head.expires, "expires"));
    if (head.expires <= head.issued) {
        return Error{"not after `issued`", "expires", ""};
    }
    return {};
}

Status validate(const SetManifest& set) {
    FB_CHECK(check_group(set.group));
    return check_number(set.sequence, "sequence", 0);
}

Status validate(const RootStatement& statement) {
    FB_CHECK(check_number(statement.number, "number", 1));
    if (statement.revoked.size() > kMaxRevocations) {
        return Error{fmt::format("{} revoked certificates", statement.revoked.size()), "revoked",
                     fmt::format("a statement has at most {}; to revoke more, revoke the issuing "
                                 "certificate above them",
                                 kMaxRevocations)};
    }
    for (const auto& [feed, floor] : statement.floors) {
        FB_CHECK(check_time(floor, "floors"));
    }
    return check_number(statement.sequence.value_or(0), "sequence", 0);
}

base::Bytes canonical_json(const Head& head) {
    return dump({{"feed", info(head.feed).name},
                 {"manifest", digest_or_null(head.manifest)},
                 {"schema", kSchema}});
}

base::Bytes canonical_json(const SignedHead& head) {
    return dump({{"expires", head.expires.unix_seconds},
                 {"feed", info(head.feed).name},
                 {"group", head.group},
                 {"issued", head.issued.unix_seconds},
                 {"manifest", digest_or_null(head.manifest)},
                 {"schema", kSchema},
                 {"sequence", head.sequence},
                 {"set", head.set.hex()},
                 {"trust", head.trust},
                 {"type", kHeadType}});
}

base::Bytes canonical_json(const SetManifest& set) {
    json packages = json::object();
    for (const auto& [feed, digest] : set.packages) {
        packages[std::string(info(feed).name)] = digest.hex();
    }
    return dump({{"group", set.group},
                 {"packages", std::move(packages)},
                 {"schema", kSchema},
                 {"sequence", set.sequence},
                 {"type", kSetType}});
}

base::Bytes canonical_json(const RootStatement& statement) {
    json revoked = json::array();
    for (const base::Digest& certificate : statement.revoked) {
        revoked.push_back(certificate.hex());
    }
    json floors = json::object();
    for (const auto& [feed, floor] : statement.floors) {
        floors[std::string(info(feed).name)] = floor.unix_seconds;
    }
    return dump({{"floors", std::move(floors)},
                 {"number", statement.number},
                 {"revoked", std::move(revoked)},
                 {"schema", kSchema},
                 {"sequence", statement.sequence ? json(*statement.sequence) : json()},
                 {"type", kTrustType}});
}

Result<Head> parse_head(base::ByteView bytes) {
    FB_TRY(const json parsed, parse_object(bytes, kMaxHeadBytes));
    FB_CHECK(check_keys(parsed, std::array{"feed", "manifest", "schema"}, ""));
    FB_CHECK(check_schema(parsed));
    Head head;
    FB_TRY(head.feed, feed_at(parsed));
    FB_TRY(head.manifest, digest_or_null_at(parsed, "manifest"));
    FB_CHECK(check_canonical(bytes, canonical_json(head)));
    return head;
}

Result<SignedHead> parse_signed_head(base::ByteView bytes) {
    FB_TRY(const json parsed, parse_object(bytes, kMaxHeadBytes));
    FB_CHECK(check_keys(parsed,
                        std::array{"expires", "feed", "group", "issued", "manifest", "schema",
                                   "sequence", "set", "trust", "type"},
                        ""));
    FB_CHECK(check_schema(parsed));
    FB_CHECK(check_type(parsed, kHeadType));
    SignedHead head;
    FB_TRY(head.feed, feed_at(parsed));
    FB_TRY(head.group, text_at(parsed, "group"));
    FB_TRY(head.sequence, number_at(parsed, "sequence", 0));
    FB_TRY(head.manifest, digest_or_null_at(parsed, "manifest"));
    FB_TRY(head.set, digest_at(parsed, "set"));
    FB_TRY(head.trust, number_at(parsed, "trust", 0));
    FB_TRY(head.issued, time_at(parsed, "issued"));
    FB_TRY(head.expires, time_at(parsed, "expires"));
    FB_CHECK(validate(head));
    FB_CHECK(check_canonical(bytes, canonical_json(head)));
    return head;
}

Result<SetManifest> parse_set_manifest(base::ByteView bytes) {
    FB_TRY(const json parsed, parse_object(bytes, kMaxHeadBytes));
    FB_CHECK(check_keys(parsed, std::array{"group", "packages", "schema", "sequence", "type"}, ""));
    FB_CHECK(check_schema(parsed));
    FB_CHECK(check_type(parsed, kSetType));
    SetManifest set;
    FB_TRY(set.group, text_at(parsed, "group"));
    FB_TRY(set.sequence, number_at(parsed, "sequence", 0));
    FB_TRY(set.packages, read_packages(parsed));
    FB_CHECK(validate(set));
    FB_CHECK(check_canonical(bytes, canonical_json(set)));
    return set;
}

Result<RootStatement> parse_root_statement(base::ByteView bytes) {
    FB_TRY(const json parsed, parse_object(bytes, kMaxRootStatementBytes));
    FB_CHECK(check_keys(
        parsed, std::array{"floors", "number", "revoked", "schema", "sequence", "type"}, ""));
    FB_CHECK(check_schema(parsed));
    FB_CHECK(check_type(parsed, kTrustType));
    RootStatement statement;
    FB_TRY(statement.number, number_at(parsed, "number", 1));
    FB_TRY(statement.revoked, read_revoked(parsed));
    FB_TRY(statement.floors, read_floors(parsed));
    if (!parsed.find("sequence")->is_null()) {
        FB_TRY(statement.sequence, number_at(parsed, "sequence", 0));
    }
    FB_CHECK(validate(statement));
    FB_CHECK(check_canonical(bytes, canonical_json(statement)));
    return statement;
}

std::string head_path(std::string_view group, Feed feed) {
    return fmt::format("heads/{}/{}.json", group, info(feed).name);
}

std::string signed_head_path(std::string_view group, Feed feed) {
    return fmt::format("heads/{}/{}.signed", group, info(feed).name);
}

std::string set_path(const base::Digest& set) {
    return fmt::format("sets/{}", set.hex());
}

std::string trust_path(uint64_t number) {
    return fmt::format("trust/{}.p7m", number);
}

}  // namespace firebreak::content
