// Builds machines and changes them. For the .cpp files of this folder.
#pragma once

#include "host/machine.h"

namespace firebreak::host {

class MachineEditor {
  public:
    explicit MachineEditor(Machine& machine) : machine_(machine) {}

    // False, and nothing is added: there is one.
    bool add(MachineFile file);
    bool add(Service service);  // whose key is another matter
    bool add(Component component);
    Registry& registry() { return machine_.registry_; }
    // Services become what the registry says of them.
    void follow_registry();

    // As host::put_file().
    base::Status put(const std::string& path, std::shared_ptr<const base::Bytes> content,
                     const base::Digest& sha384);
    // As host::apply().
    base::Status apply(const WriteFile& change);
    base::Status apply(const DeleteFile& change);
    base::Status apply(const SetValue& change);
    base::Status apply(const DeleteValue& change);
    base::Status apply(const DeleteKey& change);
    base::Status apply(const ConfigureService& change);

  private:
    Machine& machine_;
};

}  // namespace firebreak::host
