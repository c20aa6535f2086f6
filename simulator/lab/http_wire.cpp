#include "lab/http_wire.h"

#include <utility>

#include "endpoint/http/http_transport.h"

namespace firebreak::lab {

using Files = std::map<std::string, assay::ServedFile>;

class HttpWire::Folders final : public cloud::Origin {
  public:
    explicit Folders(cloud::Origin& cdn) : cdn_(cdn) {}

    void add(const std::string& folder, const Files& files) {
        const std::lock_guard lock(mutex_);
        folders_[folder] = &files;
    }
    void remove(const std::string& folder) {
        const std::lock_guard lock(mutex_);
        folders_.erase(folder);
    }

    base::Result<std::shared_ptr<const cloud::StaticFile>> open(const std::string& path) override {
        const size_t slash = path.find('/');
        const std::string name = slash == std::string::npos ? "" : path.substr(slash + 1);
        {
            const std::lock_guard lock(mutex_);
            const auto folder = folders_.find(path.substr(0, slash));
            if (folder == folders_.end() || name.empty()) {
                return std::shared_ptr<const cloud::StaticFile>();
            }
            if (const auto file = folder->second->find(name); file != folder->second->end()) {
                return std::shared_ptr<const cloud::StaticFile>(
                    std::make_shared<cloud::MemoryFile>(file->second.bytes));
            }
        }
        return cdn_.open(name);
    }

  private:
    cloud::Origin& cdn_;
    std::mutex mutex_;
    std::map<std::string, const Files*> folders_;
};

// One assay's client. Its folder goes with it.
class HttpWire::Connection final : public ports::Transport {
  public:
    Connection(Folders& folders, std::string folder, std::unique_ptr<ports::Transport> http)
        : folders_(folders), folder_(std::move(folder)), http_(std::move(http)) {}
    ~Connection() override { folders_.remove(folder_); }

    unsigned edges() const override { return http_->edges(); }
    ports::FetchStatus get(const ports::Request& request, ports::Receiver& receiver) override {
        ports::Request inner = request;
        inner.path = folder_ + "/" + request.path;
        return http_->get(inner, receiver);
    }

  private:
    Folders& folders_;
    std::string folder_;
    std::unique_ptr<ports::Transport> http_;
};

HttpWire::HttpWire(std::unique_ptr<Folders> folders, std::unique_ptr<cloud::HttpServer> server)
    : folders_(std::move(folders)), server_(std::move(server)) {}

HttpWire::~HttpWire() = default;

base::Result<std::unique_ptr<HttpWire>> HttpWire::start(cloud::Origin& cdn) {
    auto folders = std::make_unique<Folders>(cdn);
    FB_TRY(auto server, cloud::HttpServer::start(*folders));
    return std::unique_ptr<HttpWire>(new HttpWire(std::move(folders), std::move(server)));
}

base::Result<std::unique_ptr<ports::Transport>> HttpWire::connect(const Files& files,
                                                                  unsigned edges) {
    endpoint::http::HttpSettings settings;
    settings.edges.assign(edges, server_->url());
    FB_TRY(auto http, endpoint::http::HttpTransport::to(std::move(settings)));
    const std::string folder = std::to_string(next_++);
    folders_->add(folder, files);
    return std::unique_ptr<ports::Transport>(
        std::make_unique<Connection>(*folders_, folder, std::move(http)));
}

}  // namespace firebreak::lab
