#include "assay/scans.h"

namespace firebreak::assay {

base::Result<Scans::Met> Scans::scan(const ports::Subject& subject) {
    if (!components_) {
        store_.emplace(before_, blobs_);
        components_.emplace(environment_, *store_, processes_);
    }
    FB_TRY(ports::ScanVerdict verdict, components_->scanner().scan(subject));
    Met met{std::move(verdict), store_->changes()};
    reads_.insert(store_->reads().begin(), store_->reads().end());
    if (met.verdict.kind == ports::ScanVerdict::Kind::kNoVerdict) {
        met.verdict.outcome.stage = base::Stage::kRun;
        components_.reset();
    }
    return met;
}

const ports::ProgramTag* own_tag(const ports::ScanVerdict& verdict) {
    for (const ports::ProgramTag& tag : verdict.tags) {
        if (tag.where.empty()) {
            return &tag;
        }
    }
    return nullptr;
}

}  // namespace firebreak::assay
