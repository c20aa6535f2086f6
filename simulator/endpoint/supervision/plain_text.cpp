#include "endpoint/supervision/plain_text.h"

#include "base/text.h"
#include "content/encryption.h"

namespace firebreak::endpoint::supervision {

base::Result<std::variant<base::Bytes, base::Outcome>> plain_text(
    ports::Store& store, content::Feed feed, const content::PayloadFile& payload,
    base::ByteView key) {
    using Plain = std::variant<base::Bytes, base::Outcome>;
    FB_TRY(base::Bytes bytes, store.blob(payload.sha384));
    if (!content::info(feed).encrypted) {
        return Plain(std::move(bytes));
    }
    if (key.empty()) {
        return base::Error{"no content key of " + std::string(content::info(feed).name), "",
                           "give the component its feed's key"};
    }
    Plain plain = content::decrypt(feed, bytes, key);
    if (auto* refused = std::get_if<base::Outcome>(&plain)) {
        refused->stage = base::Stage::kLoad;
        refused->evidence.emplace_back("file", base::printable(payload.name));
    }
    return plain;
}

}  // namespace firebreak::endpoint::supervision
