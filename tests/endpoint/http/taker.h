// A receiver that writes down what it is told.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "ports/transport.h"

namespace firebreak::endpoint::http {

struct Taker final : ports::Receiver {
    bool begin(ports::Encoding how, uint64_t from) override {
        ++begun;
        encoding = how;
        offset = from;
        return will_begin;
    }
    bool receive(base::ByteView bytes, ports::Elapsed at) override {
        size += bytes.size();
        largest = std::max(largest, bytes.size());
        last = at;
        ++pieces;
        if (keep) {
            body += base::text_of(bytes);
        }
        return size < stop_after;
    }
    bool wait(ports::Elapsed) override { return true; }

    // What it wants.
    bool will_begin = true;
    bool keep = true;
    uint64_t stop_after = UINT64_MAX;

    // What it got.
    int begun = 0;
    ports::Encoding encoding = ports::Encoding::kIdentity;
    uint64_t offset = 0;
    std::string body;
    uint64_t size = 0;
    size_t largest = 0;
    unsigned pieces = 0;
    ports::Elapsed last{0};
};

}  // namespace firebreak::endpoint::http
