// A scanner of an endpoint, shown one subject after the other.
#pragma once

#include <optional>
#include <string>

#include "assay/components.h"
#include "assay/memory_store.h"
#include "ports/scanner.h"

namespace firebreak::assay {

// Every subject is met in the same state, and what one of them does to the component is its own
// affair; the next starts afresh.
class Scans {
  public:
    Scans(const Environment& environment, BlobPool& blobs, const Snapshot& before)
        : environment_(environment), blobs_(blobs), before_(before), processes_(environment) {}

    // The verdict, and what the scan did to the state.
    struct Met {
        ports::ScanVerdict verdict;
        ports::Changes changes;
    };
    base::Result<Met> scan(const ports::Subject& subject);
    base::Result<Met> scan_file(const std::string& name, base::ByteView content) {
        return scan(ports::file_subject(name, content));
    }
    const ports::Changes& reads() const { return reads_; }

  private:
    ports::Changes reads_;
    const Environment& environment_;
    BlobPool& blobs_;
    const Snapshot& before_;
    ProcessesOfComponents processes_;
    std::optional<MemoryStore> store_;
    std::optional<Components> components_;
};

// The tag of the subject itself; null if it has none.
const ports::ProgramTag* own_tag(const ports::ScanVerdict& verdict);

}  // namespace firebreak::assay
