// What the vendor of the crash tests publishes, from the first release to the fix of a bad one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "content/package.h"

namespace firebreak::endpoint::update::test {

inline constexpr content::Feed kStoryFeeds[] = {content::Feed::kDatasetA, content::Feed::kESH};

// One version of one feed. The feeds' versions with the same number belong to one set.
struct Release {
    content::Package package;
    int version = 0;
    bool refused = false;  // by its component
};

// What stands on the CDN at one time, for both profiles.
struct Moment {
    std::string name;
    uint64_t sequence = 0;
    base::UtcTime issued;
    base::Digest set;
    std::map<content::Feed, const Release*> offered;  // empty: all is withdrawn
    std::map<std::string, base::Bytes> files;         // packages of earlier moments as well
};

// Signed once for all tests of a process. The moments, an hour apart: a first set; a second one; a
// third, one part of which its component refuses; nothing; the fix, which has the second set's
// payloads under a new time, and a statement of the root's that revokes somebody.
class ReleaseStory {
  public:
    static const ReleaseStory& instance();

    const std::vector<Moment>& moments() const { return moments_; }
    // nullptr: the vendor never made such a thing.
    const Release* find(content::Feed feed, const std::string& manifest_digest) const;

  private:
    ReleaseStory();
    void release(int version, int payload);
    void publish(const std::string& name, int version);
    void publish_heads(Moment& moment) const;

    std::map<content::Feed, std::map<int, Release>> releases_;
    std::map<std::string, base::Bytes> files_;  // that stay
    uint64_t trust_ = 0;
    std::vector<Moment> moments_;
};

}  // namespace firebreak::endpoint::update::test
