// A machine profile: what stands on the simulated Windows machine and what happens there.
// File format: fixtures/personas/README.md.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/result.h"

namespace firebreak::host {

// What losing a part of Windows costs beyond itself.
enum class Loss : uint8_t {
    kNothing,
    kNetwork,  // the machine is cut off until somebody restores it
    kBoot,     // the machine does not start any more
};

// A file of the machine. Content is shared and never changes.
struct File {
    std::string path;  // Windows path: C:\Users\…
    std::shared_ptr<const base::Bytes> content;
    base::Digest sha384;
    bool system = false;         // part of Windows: losing it harms the machine
    Loss loss = Loss::kNothing;  // of system files alone
    double opens_per_hour = 0;   // how often the workload has it scanned, per hour online; 0: never
};

// Something harmful that the scanner must find on this machine. Not a file of it: it is there to be
// scanned with every new content, and no workload opens it.
struct Sample {
    std::string name;  // a Windows file name: "invoice.js"
    std::shared_ptr<const base::Bytes> content;
    base::Digest sha384;
};

// A program that is started on this machine, and what lies in its memory once it runs.
struct Process {
    std::string image;     // the path of one of the machine's files
    uint64_t address = 0;  // of the memory's first byte
    std::shared_ptr<const base::Bytes> memory;
    base::Digest sha384;         // of the memory
    double starts_per_hour = 0;  // how often the workload starts it, per hour online; 0: never
};

// What comes over the network, put together as one end of a connection has it.
struct Stream {
    std::string name;  // for people: "intranet.example: start page"
    std::shared_ptr<const base::Bytes> content;
    base::Digest sha384;
    double per_hour = 0;  // how often it comes, per hour online; 0: never
};

struct Driver {
    std::string name;     // "e1d68x64.sys"
    std::string version;  // four numbers: "12.19.2.45"
};

// The chance that the machine is on and connected, per hour of the week (hour 0: Monday 00:00).
using OnlinePattern = std::array<float, 168>;

struct Persona {
    std::string name;   // the file's stem: "office-laptop"
    std::string title;  // "Office laptop"
    std::string windows_build;
    OnlinePattern online{};
    std::vector<File> files;  // sorted by path; paths unique, compared as Windows does (ASCII case)
    std::vector<Sample> samples;     // sorted by name; unique likewise
    std::vector<Process> processes;  // sorted by image; unique likewise
    std::vector<Stream> streams;     // sorted by name; unique likewise
    std::vector<Driver> drivers;     // sorted by name; unique likewise
};

// Errors carry file:line:column, what was expected, and the nearest valid key.
base::Result<Persona> load_persona(const std::filesystem::path& file);
// The same from text; `file` serves messages and the name.
base::Result<Persona> parse_persona(std::string_view text, const std::filesystem::path& file);

}  // namespace firebreak::host
