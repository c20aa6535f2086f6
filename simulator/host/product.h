// What the endpoint product itself puts on a machine, and what an unclean shutdown does to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "host/machine.h"
#include "host/persona.h"

namespace firebreak::host {

inline constexpr std::string_view kProductFolder = R"(C:\Program Files\Endpoint Guard)";
inline constexpr std::string_view kProductDataFolder = R"(C:\ProgramData\Endpoint Guard)";
inline constexpr std::string_view kProductKey = R"(HKLM\SOFTWARE\Endpoint Guard)";
// Where the updater has the files of an update until all are there.
inline constexpr std::string_view kStagingFolder = R"(C:\ProgramData\Endpoint Guard\Staging)";

// One version of the product: what its installer puts on a machine, and the package from which
// damaged files are restored. (The modelled product is an invention; so are names and sizes.)
struct Product {
    std::string version;
    Program program;
    std::vector<File> files;        // sorted by path
    std::vector<Service> services;  // sorted by name
    Registry registry;              // its settings
};

// The same content for the same version, in every process.
Product make_product(std::string_view version);
// Null: the product has none there.
const File* find_file(const Product& product, std::string_view path);

// The persona's machine with the product on it.
Machine machine_with(const Persona& persona, const Product& product);

// What a file is after a loss of power while it was written: NTFS keeps its own records whole, and
// not what files hold.
enum class FileDamage : uint8_t {
    kTorn,       // its end is zeros: the length had been recorded, the content not written
    kTruncated,  // its end is missing
    kEmptied,
};
struct DamagedFile {
    std::string path;
    FileDamage how = FileDamage::kTorn;
};

inline constexpr size_t kMostDamaged = 4;

// An unclean shutdown while the updater was at work: damages 1 to kMostDamaged of the product's
// files that are there, and leaves parts of an update in the staging folder, or none. `draws`: of
// this endpoint's `n`th shutdown, a hundred numbers from 100 * n on. What it has damaged.
std::vector<DamagedFile> shut_down_uncleanly(Machine& machine, const Product& product,
                                             const base::RandomStream& draws, uint64_t endpoint,
                                             uint64_t n = 0);

}  // namespace firebreak::host
