#include "cloud/edge.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/result_matchers.h"

namespace firebreak::cloud {
namespace {

using base::SimTime;

constexpr const char* kHead = "heads/public-1/DatasetA.json";
constexpr const char* kPackage = "packages/4f2a.p7m";
const base::Duration kTimeToLive = base::minutes(5);

// Files that a test writes and erases at will, and how often they were asked for.
class Files final : public Origin {
  public:
    void put(const std::string& path, const std::string& text) { files_[path] = text; }
    void erase(const std::string& path) { files_.erase(path); }
    void break_down() { broken_ = true; }
    void recover() { broken_ = false; }
    unsigned asked() const { return asked_; }
    std::optional<std::string> now(const std::string& path) const {
        const auto found = files_.find(path);
        return found == files_.end() ? std::nullopt : std::optional(found->second);
    }

    base::Result<std::shared_ptr<const StaticFile>> open(const std::string& path) override {
        ++asked_;
        if (broken_) {
            return base::Error{"broken down", path, ""};
        }
        const auto found = files_.find(path);
        return found == files_.end()
                   ? std::shared_ptr<const StaticFile>()
                   : std::shared_ptr<const StaticFile>(std::make_shared<MemoryFile>(
                         std::make_shared<const base::Bytes>(base::bytes_of(found->second))));
    }

  private:
    std::map<std::string, std::string> files_;
    bool broken_ = false;
    unsigned asked_ = 0;
};

// What the edge serves now: the text, "missing" or "error".
std::string served(Origin& edge, const std::string& path) {
    const auto file = edge.open(path);
    if (!file.ok()) {
        return "error";
    }
    if (*file == nullptr) {
        return "missing";
    }
    base::Bytes bytes((*file)->size() + 1);
    const auto got = (*file)->read(0, bytes);
    EXPECT_TRUE(got.ok());
    return std::string(base::text_of(base::ByteView(bytes).first(*got)));
}

struct Site {
    Files origin;
    Edge edge{origin, kTimeToLive};
};

TEST(Edge, ServesAHeadFromTheCacheUntilItsTimeToLiveIsOver) {
    Site site;
    site.origin.put(kHead, "one");
    site.edge.advance({1000});
    EXPECT_EQ(served(site.edge, kHead), "one");
    site.origin.put(kHead, "two");
    site.edge.advance({1299});
    EXPECT_EQ(served(site.edge, kHead), "one");
    EXPECT_EQ(site.origin.asked(), 1u);
    site.edge.advance({1300});
    EXPECT_EQ(served(site.edge, kHead), "two");
}

TEST(Edge, CountsTheTimeToLiveFromWhenTheFileWasFetched) {
    Site site;
    site.origin.put(kHead, "one");
    site.edge.advance({5000});
    site.origin.put(kHead, "two");
    EXPECT_EQ(served(site.edge, kHead), "two") << "nobody has asked before";
    site.origin.put(kHead, "three");
    site.edge.advance({5299});
    EXPECT_EQ(served(site.edge, kHead), "two");
}

TEST(Edge, RemembersForAsLongThatAHeadIsMissing) {
    Site site;
    EXPECT_EQ(served(site.edge, kHead), "missing");
    site.origin.put(kHead, "one");
    site.edge.advance({299});
    EXPECT_EQ(served(site.edge, kHead), "missing");
    site.edge.advance({300});
    EXPECT_EQ(served(site.edge, kHead), "one");
}

TEST(Edge, DoesNotRememberForEverThatAPackageIsMissing) {
    Site site;
    EXPECT_EQ(served(site.edge, kPackage), "missing");
    site.origin.put(kPackage, "bytes");
    EXPECT_EQ(served(site.edge, kPackage), "missing");
    site.edge.advance({300});
    EXPECT_EQ(served(site.edge, kPackage), "bytes");
}

TEST(Edge, KeepsForEverWhatIsNamedForItsDigest) {
    Site site;
    site.origin.put(kPackage, "bytes");
    site.origin.put("trust/1.p7m", "statement");
    EXPECT_EQ(served(site.edge, kPackage), "bytes");
    EXPECT_EQ(served(site.edge, "trust/1.p7m"), "statement");
    site.origin.erase(kPackage);
    site.origin.erase("trust/1.p7m");
    site.edge.advance(SimTime{} + base::days(3650));
    EXPECT_EQ(served(site.edge, kPackage), "bytes");
    EXPECT_EQ(served(site.edge, "trust/1.p7m"), "statement");
    EXPECT_EQ(site.origin.asked(), 2u);
}

TEST(Edge, TreatsTheNewestRootStatementAsItTreatsHeads) {
    Site site;
    site.origin.put("trust/latest.p7m", "1");
    EXPECT_EQ(served(site.edge, "trust/latest.p7m"), "1");
    site.origin.put("trust/latest.p7m", "2");
    EXPECT_EQ(served(site.edge, "trust/latest.p7m"), "1");
    site.edge.advance({300});
    EXPECT_EQ(served(site.edge, "trust/latest.p7m"), "2");
}

TEST(Edge, ForgetsOnePathWhenAPurgeTakesEffect) {
    Site site;
    for (const char* path : {kHead, kPackage, "heads/public-2/DatasetA.json"}) {
        site.origin.put(path, "old");
        EXPECT_EQ(served(site.edge, path), "old");
        site.origin.put(path, "new");
    }
    site.edge.purge(kHead, {60});
    site.edge.purge(kPackage, {60});
    site.edge.advance({59});
    EXPECT_EQ(served(site.edge, kHead), "old");
    EXPECT_EQ(served(site.edge, kPackage), "old");
    site.edge.advance({60});
    EXPECT_EQ(served(site.edge, kHead), "new");
    EXPECT_EQ(served(site.edge, kPackage), "new");
    EXPECT_EQ(served(site.edge, "heads/public-2/DatasetA.json"), "old");
}

TEST(Edge, CarriesOutAPurgeOnceThatTimeHasBeenPassed) {
    Site site;
    site.origin.put(kPackage, "old");
    EXPECT_EQ(served(site.edge, kPackage), "old");
    site.origin.put(kPackage, "new");
    site.edge.purge(kPackage, {60});
    site.edge.advance({1000});
    EXPECT_EQ(served(site.edge, kPackage), "new");
    site.origin.put(kPackage, "newer");
    site.edge.advance({2000});
    EXPECT_EQ(served(site.edge, kPackage), "new") << "a purge is over once it is carried out";
    site.edge.purge(kPackage, {2000});
    EXPECT_EQ(served(site.edge, kPackage), "newer") << "one without delay is carried out at once";
}

TEST(Edge, PassesOnAnErrorAndAsksAgain) {
    Site site;
    site.origin.put(kHead, "one");
    site.origin.break_down();
    EXPECT_EQ(served(site.edge, kHead), "error");
    site.origin.recover();
    EXPECT_EQ(served(site.edge, kHead), "one");
}

TEST(Edge, DoesNotGoBackInTime) {
    Site site;
    site.origin.put(kHead, "one");
    site.edge.advance({1000});
    EXPECT_EQ(served(site.edge, kHead), "one");
    site.origin.put(kHead, "two");
    site.edge.advance({0});
    site.edge.advance({1299});
    EXPECT_EQ(served(site.edge, kHead), "one");
}

TEST(Edge, CanStandInFrontOfAnother) {
    Site site;
    Edge outer(site.edge, kTimeToLive);
    site.origin.put(kHead, "one");
    EXPECT_EQ(served(outer, kHead), "one");
    site.origin.put(kHead, "two");
    outer.advance({300});
    site.edge.advance({299});
    EXPECT_EQ(served(outer, kHead), "one") << "the inner one has not come so far";
    outer.advance({600});
    site.edge.advance({600});
    EXPECT_EQ(served(outer, kHead), "two");
}

// What the origin had at which path and when; each text once only.
struct Past {
    SimTime since;
    std::string path;
    std::optional<std::string> text;
};

// Whether this was there at some moment within [from, until].
bool was_there(const std::vector<Past>& history, const std::string& path, const std::string& text,
               SimTime from, SimTime until) {
    std::optional<std::string> before;  // as the interval begins
    bool found = false;
    for (const Past& past : history) {
        if (past.path != path || past.since > until) {
            continue;
        }
        const std::string now = past.text.value_or("missing");
        if (past.since <= from) {
            before = now;
        } else {
            found = found || now == text;
        }
        // A second in which it changed had both.
        found = found || (past.since == from && now == text);
    }
    return found || before.value_or("missing") == text;
}

// The bounds of the header, over many random steps: nothing older than the time to live where it
// applies, nothing that never was, and a purge leaves nothing from before it.
RC_GTEST_PROP(Edge, ServesNothingTooOldAndNothingThatNeverWas, ()) {
    const std::vector<std::string> paths = {kHead, kPackage, "trust/latest.p7m"};
    const base::Duration time_to_live{*rc::gen::inRange<int64_t>(0, 50)};
    Files origin;
    Edge edge(origin, time_to_live);
    std::vector<Past> history;
    std::multimap<SimTime, std::string> purges;
    SimTime now;
    const auto steps = *rc::gen::inRange(0, 60);
    for (int step = 0; step < steps; ++step) {
        const std::string& path = paths[*rc::gen::inRange<size_t>(0, paths.size())];
        switch (*rc::gen::inRange(0, 5)) {
            case 0:
                origin.put(path, "text " + std::to_string(step));
                history.push_back({now, path, origin.now(path)});
                break;
            case 1:
                origin.erase(path);
                history.push_back({now, path, std::nullopt});
                break;
            case 2: {
                const SimTime at = now + base::Duration{*rc::gen::inRange<int64_t>(0, 40)};
                edge.purge(path, at);
                purges.emplace(at, path);
                break;
            }
            case 3:
                now = now + base::Duration{*rc::gen::inRange<int64_t>(0, 30)};
                edge.advance(now);
                break;
            default: {
                const std::string text = served(edge, path);
                const bool bounded = text == "missing" || is_replaced_in_place(path);
                SimTime from = bounded ? now - time_to_live : SimTime{0};
                for (const auto& [at, purged_path] : purges) {
                    if (purged_path == path && at <= now) {
                        from = std::max(from, at);
                    }
                }
                RC_ASSERT(was_there(history, path, text, from, now));
            }
        }
    }
}

TEST(LayoutPath, LeadsNowhereElse) {
    for (const char* good : {kHead, kPackage, "trust/latest.p7m", "sets/00ff", "a", "a-b_c.D/9"}) {
        EXPECT_TRUE(is_layout_path(good)) << good;
    }
    for (const char* bad : {"",     "/",      "/heads", "heads/",      "a//b",     ".",    "..",
                            "../a", "a/../b", "a/..",   ".git/config", "a/.b",     "a\\b", "a b",
                            "a%2e", "a?b",    "a#b",    "a:b",         "\xc3\xa4", "a\nb"}) {
        EXPECT_FALSE(is_layout_path(bad)) << bad;
    }
    EXPECT_FALSE(is_layout_path(std::string_view("a\0b", 3)));
    EXPECT_TRUE(is_layout_path(std::string(300, 'a')));
    EXPECT_FALSE(is_layout_path(std::string(301, 'a')));
}

}  // namespace
}  // namespace firebreak::cloud
