// A machine, put together part by part.
#pragma once

#include <memory>
#include <string>

#include "host/installed.h"
#include "host/machine.h"

namespace firebreak::endpoint::applications {

class MachineDraft {
  public:
    MachineDraft& program(const std::string& name, const std::string& location,
                          bool is_64_bit = true, const std::string& version = "1.0") {
        host::register_program({name, version, "Example", location, is_64_bit}, persona_.registry);
        return *this;
    }
    // As a program that a user installs registers itself, without any administrator.
    MachineDraft& program_of_user(const std::string& name, const std::string& location) {
        const std::string key =
            R"(HKCU\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\)" + name;
        return value(key, "DisplayName", name).value(key, "InstallLocation", location);
    }
    MachineDraft& service(const std::string& name, const std::string& image) {
        persona_.services.push_back({name, image, host::ServiceStart::kAutomatic, true});
        return *this;
    }
    MachineDraft& component(const std::string& name, bool enabled = true) {
        persona_.components.push_back({name, enabled});
        return *this;
    }
    MachineDraft& file(const std::string& path, bool system = false) {
        const auto content = std::make_shared<const base::Bytes>(base::bytes_of(path));
        persona_.files.push_back({path, content, base::sha384(*content), system});
        return *this;
    }
    MachineDraft& files(const std::string& folder, int count) {
        for (int i = 0; i < count; ++i) {
            file(folder + "\\" + std::to_string(i));
        }
        return *this;
    }
    MachineDraft& value(const std::string& key, const std::string& name, const std::string& text) {
        persona_.registry.add_value(key, {name, host::RegistryType::kSz, text});
        return *this;
    }
    host::Machine made() const { return host::Machine(persona_); }

  private:
    host::Persona persona_;
};

inline std::string programs_key(const std::string& name) {
    return R"(HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\)" + name;
}

}  // namespace firebreak::endpoint::applications
