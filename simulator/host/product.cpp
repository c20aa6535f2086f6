#include "host/product.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/installed.h"
#include "host/windows_path.h"

namespace firebreak::host {

namespace {

constexpr uint64_t kDrawsOfShutdown = 100;
constexpr uint64_t kSectorBytes = 512;  // is written whole, or not at all

struct ProductPart {
    const char* folder;  // below kProductFolder
    const char* name;
    size_t bytes;
};

constexpr ProductPart kProductParts[] = {
    {"Health", "health.exe", 7'168},          {"Protection", "events.dll", 11'264},
    {"Protection", "protection.exe", 18'432}, {"Protection", "rules.dll", 9'216},
    {"Repair", "repair.exe", 8'192},          {"Scanner", "engine.dll", 24'576},
    {"Scanner", "scanner.exe", 12'288},       {"Updater", "roots.pem", 2'048},
    {"Updater", "transfer.dll", 10'240},      {"Updater", "updater.exe", 14'336},
    {"Updater", "verify.dll", 6'144},
};

// Bytes that stand for a program: digests of its name, version and place, one after another.
base::Bytes content_of(std::string_view path, std::string_view version, size_t bytes) {
    base::Bytes content = base::bytes_of("MZ");
    for (size_t part = 0; content.size() < bytes; ++part) {
        const std::string text = fmt::format("{} {} {}", path, version, part);
        const base::Digest digest = base::sha384(base::view_of(text));
        content.insert(content.end(), digest.bytes.begin(), digest.bytes.end());
    }
    content.resize(bytes);
    return content;
}

std::string folder_of_part(std::string_view part) {
    return fmt::format("{}\\{}", kProductFolder, part);
}

Registry settings_of(std::string_view version) {
    Registry registry;
    const auto set = [&registry](std::string_view part, const char* name, RegistryType type,
                                 decltype(RegistryValue::data) data) {
        registry.add_value(std::string(kProductKey) + std::string(part),
                           {name, type, std::move(data)});
    };
    set("", "Version", RegistryType::kSz, std::string(version));
    set("", "InstallLocation", RegistryType::kSz, std::string(kProductFolder));
    set("\\Protection", "OnAccess", RegistryType::kDword, uint64_t{1});
    set("\\Protection", "TamperProtection", RegistryType::kDword, uint64_t{1});
    set("\\Updater", "IntervalSeconds", RegistryType::kDword, uint64_t{3600});
    set("\\Updater", "Staging", RegistryType::kSz, std::string(kStagingFolder));
    set("\\Repair", "IntervalSeconds", RegistryType::kDword, uint64_t{3600});
    return registry;
}

std::vector<Service> services_of_product() {
    std::vector<Service> services;
    for (const char* part : {"Health", "Protection", "Repair", "Scanner", "Updater"}) {
        services.push_back({fmt::format("EndpointGuard{}", part),
                            fmt::format("\"{}\\{}.exe\"", folder_of_part(part), case_folded(part)),
                            ServiceStart::kAutomatic, true});
    }
    return services;
}

base::Bytes damaged(base::Bytes content, FileDamage how, uint64_t kept) {
    switch (how) {
        case FileDamage::kTorn:
            std::fill(content.begin() + static_cast<ptrdiff_t>(kept), content.end(), uint8_t{0});
            break;
        case FileDamage::kTruncated:
            content.resize(kept);
            break;
        case FileDamage::kEmptied:
            content.clear();
            break;
    }
    return content;
}

}  // namespace

Product make_product(std::string_view version) {
    Product product;
    product.version = version;
    product.program = {"Endpoint Guard", std::string(version), "Example Security",
                       std::string(kProductFolder), true};
    for (const ProductPart& part : kProductParts) {
        File file;
        file.path = fmt::format("{}\\{}", folder_of_part(part.folder), part.name);
        file.content =
            std::make_shared<const base::Bytes>(content_of(file.path, version, part.bytes));
        file.sha384 = base::sha384(*file.content);
        product.files.push_back(std::move(file));
    }
    product.services = services_of_product();
    product.registry = settings_of(version);
    return product;
}

const File* find_file(const Product& product, std::string_view path) {
    const std::string folded = case_folded(path);
    const auto found = std::ranges::find_if(
        product.files, [&folded](const File& file) { return case_folded(file.path) == folded; });
    return found == product.files.end() ? nullptr : &*found;
}

Machine machine_with(const Persona& persona, const Product& product) {
    Persona both = persona;
    both.files.insert(both.files.end(), product.files.begin(), product.files.end());
    both.services.insert(both.services.end(), product.services.begin(), product.services.end());
    register_program(product.program, both.registry);
    for (const auto& [index, key] : product.registry.keys()) {
        both.registry.add_key(key.path);
        for (const RegistryValue& value : key.values) {
            both.registry.set_value(key.path, value);
        }
    }
    return Machine(both);
}

std::vector<DamagedFile> shut_down_uncleanly(Machine& machine, const Product& product,
                                             const base::RandomStream& draws, uint64_t endpoint,
                                             uint64_t n) {
    uint64_t next = n * kDrawsOfShutdown;
    std::vector<const MachineFile*> there;
    for (const File& file : product.files) {
        const MachineFile* found = machine.file(file.path);
        if (found != nullptr && !found->content->empty()) {
            there.push_back(found);
        }
    }
    std::vector<DamagedFile> done;
    for (uint64_t left = 1 + draws.below(kMostDamaged, endpoint, next++);
         left > 0 && !there.empty(); --left) {
        const auto at =
            there.begin() + static_cast<ptrdiff_t>(draws.below(there.size(), endpoint, next++));
        const MachineFile& file = **at;
        there.erase(at);
        const auto how = static_cast<FileDamage>(draws.below(3, endpoint, next++));
        const uint64_t kept =
            draws.below(file.content->size(), endpoint, next++) / kSectorBytes * kSectorBytes;
        done.push_back({file.path, how});
        // It is no larger than before: there is room for it.
        (void)apply(machine, WriteFile{file.path, damaged(*file.content, how, kept)});
    }
    for (uint64_t parts = draws.below(3, endpoint, next++); parts > 0; --parts) {
        const size_t bytes = draws.below(4096, endpoint, next++);
        (void)apply(machine, WriteFile{fmt::format("{}\\update-{}.part", kStagingFolder, parts),
                                       base::Bytes(bytes)});
    }
    return done;
}

}  // namespace firebreak::host
