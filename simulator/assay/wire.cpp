#include "assay/wire.h"

#include "ports/whole_file.h"

namespace firebreak::assay {

namespace {

class Direct final : public ports::Transport {
  public:
    Direct(ports::Transport& cdn, const std::map<std::string, ServedFile>& files, unsigned edges)
        : cdn_(cdn), files_(files), edges_(edges) {}

    unsigned edges() const override { return edges_; }
    ports::FetchStatus get(const ports::Request& request, ports::Receiver& receiver) override {
        const auto found = files_.find(request.path);
        return found != files_.end()
                   ? ports::deliver(*found->second.bytes, request.offset, receiver)
                   : cdn_.get(request, receiver);
    }

  private:
    ports::Transport& cdn_;
    const std::map<std::string, ServedFile>& files_;
    unsigned edges_;
};

}  // namespace

base::Result<std::unique_ptr<ports::Transport>> DirectWire::connect(
    const std::map<std::string, ServedFile>& files, unsigned edges) {
    return std::unique_ptr<ports::Transport>(std::make_unique<Direct>(cdn_, files, edges));
}

}  // namespace firebreak::assay
