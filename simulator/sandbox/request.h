// A request as the worker receives it: in memory of its own, or in the parent's sealed file.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace firebreak::sandbox {

// All of it; false at the end of the stream, or on an error.
bool read_all(int socket, uint8_t* to, size_t size);

class Request {
  public:
    Request() = default;
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    ~Request();

    // Waits for the next one; to be asked once. False: the parent has hung up. Errors: it asks for
    // what this build does not understand.
    base::Result<bool> receive(int socket);
    base::ByteView bytes() const;

  private:
    base::Result<bool> map(int file);

    base::Bytes own_;
    void* mapped_ = nullptr;
    size_t size_ = 0;
};

}  // namespace firebreak::sandbox
