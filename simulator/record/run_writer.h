// Writes a run file. WAL: whatever kills this process, the file holds all that was committed.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "record/listener.h"
#include "record/run.h"

namespace firebreak::record {

// Not thread-safe. Rows become part of the file at the next commit(). The first error is kept and
// comes back from commit() and finish().
class RunWriter {
  public:
    // A new file; an existing one is replaced. Errors: the folder cannot be made or written.
    // `listener`, if there is one, outlives the writer.
    static base::Result<RunWriter> create(const std::filesystem::path& file, const Header& header,
                                          Listener* listener = nullptr);
    RunWriter(RunWriter&&) noexcept;
    ~RunWriter();

    // In place of the header so far: a person has added to what the run is about. Releases that
    // were there keep their numbers.
    void amend(const Header& header);
    void add(const Command& command);
    void add(const TimelineEntry& entry);
    void add(const Assay& assay);
    void add(const SeriesKey& key, const Point& point);

    // `reached`: everything before it has been added.
    base::Status commit(base::SimTime reached);
    // Marks the run as finished; the file needs no companion files from here on.
    base::Status finish(const Summary& summary, const Tally& tally,
                        const std::vector<Tenant>& tenants);

  private:
    struct State;
    explicit RunWriter(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace firebreak::record
