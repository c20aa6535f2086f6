#include "worker/scanner_folders.h"

#include <string>

#include "sandbox/quota_folder.h"

namespace firebreak::worker {

namespace {

// Errors of the folder itself count as no room: what is missing then is named all the same.
class ObjectInFolder final : public endpoint::scanner::LargeObject {
  public:
    explicit ObjectInFolder(sandbox::LargeObject object) : object_(std::move(object)) {}
    bool append(base::ByteView bytes) override {
        const auto stored = object_.append(bytes);
        return stored.ok() && *stored == sandbox::Stored::kAll;
    }
    base::ByteView view() override {
        const auto bytes = object_.view();
        return bytes.ok() ? *bytes : base::ByteView();
    }

  private:
    sandbox::LargeObject object_;
};

}  // namespace

void ScannerFolders::log(std::string_view text) {
    [[maybe_unused]] const auto stored = sandbox::append_to_log(text);
}

std::unique_ptr<endpoint::scanner::LargeObject> ScannerFolders::new_object() {
    auto object = sandbox::LargeObject::create("object-" + std::to_string(++objects_));
    if (!object.ok() || !*object) {
        return nullptr;
    }
    return std::make_unique<ObjectInFolder>(**std::move(object));
}

size_t ScannerFolders::tidy_up() {
    const auto removed = sandbox::remove_left_over_objects();
    return removed.ok() ? *removed : 0;
}

}  // namespace firebreak::worker
