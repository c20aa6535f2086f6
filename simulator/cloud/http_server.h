// Any origin over HTTP/1.1, as a content distribution network's edge does it.
//
// GET and HEAD of whole files or of one range of bytes; 404 for what is not there or is no path of
// the layout. `Cache-Control` says what Edge does: what is replaced in place lives for
// `time_to_live`, all else for ever. Files stream: no more than a buffer of each is in memory.
//
// Clients are strangers: a request is at most 16 KiB, one that stalls loses its connection, and so
// does one that brings a body. Waits count in slices of the system's poll; no clock is asked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/sim_time.h"
#include "cloud/origin.h"

namespace firebreak::cloud {

struct HttpServerSettings {
    std::string host = "127.0.0.1";  // the address to listen on: nobody else's by default
    uint16_t port = 0;               // 0: any that is free
    base::Duration time_to_live = base::minutes(5);
    bool deflate = false;  // packs whole files for clients that accept it
};

// Serves from threads of its own until it is destroyed.
class HttpServer {
  public:
    // The origin must outlive the server. Errors: cannot listen there.
    static base::Result<std::unique_ptr<HttpServer>> start(Origin& origin,
                                                           const HttpServerSettings& settings = {});
    ~HttpServer();

    uint16_t port() const { return port_; }
    std::string url() const;  // "http://127.0.0.1:8080"

  private:
    class Listener;
    HttpServer(std::unique_ptr<Listener> listener, std::string host, uint16_t port);
    std::unique_ptr<Listener> listener_;
    std::string host_;
    uint16_t port_;
};

}  // namespace firebreak::cloud
