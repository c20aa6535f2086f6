// The online keys of the release system: signs short-lived heads, and the sets that they name.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/sim_time.h"
#include "content/head.h"
#include "content/package.h"
#include "content/pki.h"

namespace firebreak::cloud {

// A file of the CDN with what it says in words, without signature bytes.
struct HeadFile {
    std::shared_ptr<const base::Bytes> bytes;
    std::string words;
};

// What a channel (a release group, or a part of one) is offered.
struct Offering {
    std::string channel;
    uint64_t sequence = 0;                                      // counts what was offered there
    std::map<content::Feed, const content::Package*> packages;  // null: nothing
};

// A stolen or made-up signer is one of these with other keys.
class HeadSigner {
  public:
    // Heads are signed by every key and are good for `valid`.
    HeadSigner(std::vector<content::Signer> keys, base::Duration valid)
        : keys_(std::move(keys)), valid_(valid) {}

    // The number of the newest root statement, for heads from here on.
    void set_trust(uint64_t number) { trust_ = number; }

    // By path: a signed head per feed of the offering, and the set manifest. Errors: OpenSSL's.
    base::Result<std::map<std::string, HeadFile>> sign(const Offering& offering,
                                                       base::UtcTime issued) const;

  private:
    std::vector<content::Signer> keys_;
    base::Duration valid_;
    uint64_t trust_ = 0;
};

// The unsigned pointers of the same offering.
std::map<std::string, HeadFile> pointers(const Offering& offering);

}  // namespace firebreak::cloud
