// The parent's side of executable mapping (weakenings/executable_mapping.h): the libraries that go
// with one call, and the answers to the worker's loader.
#pragma once

#include <seccomp.h>

#include <deque>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "sandbox/descriptor.h"

namespace firebreak::sandbox {

class LibraryOffer {
  public:
    LibraryOffer() = default;  // of nothing
    // Copies the files into sealed memory files. Errors: a system call failed.
    static base::Result<LibraryOffer> make(std::span<const base::ByteView> files);

    // True: this call of the worker was the loader's, and is answered: to open the next file, or to
    // ask for the status of the one opened last, which it may do once. (A program that runs in the
    // worker could ask for any file's: the path is in its memory, where no filter looks.)
    // Errors: the answer could not be given, though the worker lives.
    base::Result<bool> answer(int listener, const seccomp_notif& call);

  private:
    base::Status open_next(int listener, const seccomp_notif& call);
    base::Status let_ask(int listener, const seccomp_notif& call);

    std::deque<Descriptor> files_;  // not opened yet
    bool may_ask_status_ = false;
};

}  // namespace firebreak::sandbox
