// Fault model: one bad edge, cache or middlebox between the CDN and an endpoint. It keeps to the
// layout and holds no signing key. What it does is a pure function of (fault, request): an endpoint
// that tries again meets the same, and a range is a range of what it serves as a whole.
//
//   bit flip    one bit of each target file, wherever `draw` puts it (faults/mutation.h)
//   truncation  each target file ends early, at a point that `draw` picks; at least one byte is
//               lost. The answer is complete all the same: that is all the server has.
//   serve       the fault's files stand at their paths, whether or not there is anything else
//   missing     target files are said not to exist
//   black hole  not a byte of an answer to any request for the fault's feed, whatever the target
//   endless     each target file as it is, and then zeros, for ever, at the rate of a good line
//   inflate     each target file packed, followed by a gibibyte of zeros that packs to about one
//               mebibyte. Ranges are ignored: the answer begins at the file's beginning.
//   slow        one byte of each target file every three seconds, from the first one on
//
// What comes packed is unpacked first and passed on as it is: a fault strikes the same bytes of a
// file over any way to the CDN.
// What does not happen here: a file that differs from try to try, edges that fall out together.
// A file that is larger than anything that may be published is not damaged, only passed on.
#pragma once

#include <set>
#include <string>

#include "faults/fault.h"
#include "ports/transport.h"

namespace firebreak::faults {

// Of a good line, 50 Mbit/s: what is made up here claims to arrive at this rate.
inline constexpr uint64_t kNominalBytesPerSecond = 6'250'000;
inline constexpr uint64_t kInflatedZeros = 1ull << 30;
inline constexpr ports::Elapsed kTimePerSlowByte = std::chrono::seconds(3);

// Bad for the faults above; for any other it answers as `inner`, which must outlive it. Never holds
// a whole payload: it asks `inner` for a file's size first, and for the file then.
class FaultyTransport final : public ports::Transport {
  public:
    // `paths`: the files of the fault's feed; empty: all files there are. The fault's target picks
    // among them by folder, but for kServe, which brings its own paths.
    FaultyTransport(ports::Transport& inner, const Fault& fault, std::set<std::string> paths);

    unsigned edges() const override;
    ports::FetchStatus get(const ports::Request& request, ports::Receiver& receiver) override;

  private:
    bool strikes(const ports::Request& request) const;
    ports::FetchStatus damaged(const ports::Request& request, ports::Receiver& receiver);
    ports::FetchStatus endless(const ports::Request& request, ports::Receiver& receiver);
    ports::FetchStatus inflating(const ports::Request& request, ports::Receiver& receiver);
    ports::FetchStatus slow(const ports::Request& request, ports::Receiver& receiver);

    ports::Transport& inner_;
    Fault fault_;
    std::set<std::string> paths_;
};

}  // namespace firebreak::faults
