// Assays with content of encrypted feeds: real packages, in real workers.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "assay/assays.h"
#include "cloud/cdn.h"
#include "content/package.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::assay {

class EncryptedFeeds : public testing::Test {
  protected:
    using Feed = content::Feed;
    static constexpr base::UtcTime kMonday{1'772'409'600};

    void SetUp() override {
        ASSERT_OK_AND(pki_, content::load_pki(test::fixtures_dir() / "keys"));
        verifier_ = std::make_unique<content::Verifier>(std::vector{pki_.root.certificate});
    }
    // `also`: folders whose files join those of the source.
    content::Package package(Feed feed, const std::string& version, int64_t at,
                             const std::string& source,
                             const std::vector<std::filesystem::path>& also = {}) {
        content::BuildOptions how;
        how.content_key = pki_.content_keys.at(feed);
        for (const auto& one : also) {
            how.also.push_back(test::fixtures_dir() / "content" / one);
        }
        auto draft = content::build(feed, version, test::fixtures_dir() / "content" / source, how);
        EXPECT_TRUE(draft.ok()) << draft.error().text();
        auto signed_one = content::sign(std::move(draft).value(), pki_.signers.at(feed),
                                        kMonday + base::Duration{at});
        EXPECT_TRUE(signed_one.ok()) << signed_one.error().text();
        cdn_.store(*signed_one);
        return std::move(signed_one).value();
    }
    Assays assays(const char* persona) {
        auto loaded = host::load_persona(test::fixtures_dir() / "personas" /
                                         (std::string(persona) + ".toml"));
        EXPECT_TRUE(loaded.ok()) << loaded.error().text();
        Environment environment{wire_,
                                *verifier_,
                                spawner_,
                                {std::move(loaded).value()},
                                "2024.2",
                                "windows-x64",
                                endpoint::update::published(),
                                kMonday};
        environment.content_keys = pki_.content_keys;
        environment.attacks = attacks_;
        environment.repairs = repairs_;
        return Assays(std::move(environment),
                      [](StateId, const Transition&) { return base::Status{}; });
    }
    static Transition one(Assays& all, StateId before, const Stimulus& stimulus) {
        const Assays::Request request{before, stimulus};
        auto done = all.perform({&request, 1});
        EXPECT_TRUE(done.ok()) << done.error().text();
        return done.ok() ? all[done->front()] : Transition{};
    }
    // What the persona's day comes to with these contents, which are installed in this order.
    Transition day(Assays& all, const std::vector<const content::Package*>& contents) {
        PollStimulus stimulus;
        stimulus.channel = stimulus.group = "g";
        stimulus.clock = kMonday + base::hours(3);
        cloud::Offering offering{"g", 1, {}};
        for (const content::Package* content : contents) {
            stimulus.feeds.push_back(content->draft.manifest.feed);
            offering.packages[content->draft.manifest.feed] = content;
        }
        for (const auto& [path, file] : cloud::pointers(offering)) {
            stimulus.files[path] = {file.bytes, file.words};
        }
        const Transition installed = one(all, all.intern({}), stimulus);
        EXPECT_EQ(installed.outcome.category, base::Category::kInstalled)
            << base::to_text(installed.outcome.evidence);
        state_ = all.changed(all.intern({}), installed.changes);
        return one(all, state_, WorkloadStimulus{{0}, "persona", nullptr});
    }

    content::Pki pki_;
    std::unique_ptr<content::Verifier> verifier_;
    sandbox::Spawner spawner_{test::worker_binary()};
    cloud::Cdn cdn_;
    DirectWire wire_{cdn_};
    std::vector<Attack> attacks_;
    bool repairs_ = false;
    StateId state_;
};

}  // namespace firebreak::assay
