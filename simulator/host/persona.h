// A machine profile: what stands on the simulated Windows machine and what happens there.
// File format: fixtures/personas/README.md.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/result.h"
#include "base/sim_time.h"
#include "host/event.h"
#include "host/registry.h"

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

// A program that was installed. It stands under Windows' Uninstall keys, too.
struct Program {
    std::string name;
    std::string version;
    std::string publisher;
    std::string location;   // the folder that it is in
    bool is_64_bit = true;  // else it stands under WOW6432Node
};

// In the order of the numbers that the registry has for them.
enum class ServiceStart : uint8_t { kBoot, kSystem, kAutomatic, kManual, kDisabled };

// It stands under HKLM\SYSTEM\CurrentControlSet\Services, too.
struct Service {
    std::string name;
    std::string image;  // its program, with arguments
    ServiceStart start = ServiceStart::kManual;
    bool running = false;

    bool operator==(const Service&) const = default;
};

// A part of Windows that may be there or not: "IIS-WebServer".
struct Component {
    std::string name;
    bool enabled = true;

    bool operator==(const Component&) const = default;
};

// Events that come again and again: host/workload.h makes them.
struct EventWorkload {
    EventKind kind = EventKind::kProcessStart;
    double per_hour = 0;  // on average, per hour online
    std::string process;  // path of the acting process's program; empty: unknown
    // Values of the kind's fields, by their place.
    std::vector<std::pair<size_t, std::variant<std::string, uint64_t>>> fields;
    base::Duration lasts;  // how long a process that starts runs; 0: on and on
};

// The chance that the machine is on and connected, per hour of the week (hour 0: Monday 00:00).
using OnlinePattern = std::array<float, 168>;

struct Persona {
    std::string name;   // the file's stem: "office-laptop"
    std::string title;  // "Office laptop"
    std::string windows_build;
    OnlinePattern online{};
    std::vector<File> files;  // sorted by path; paths unique, compared as Windows does (ASCII case)
    std::vector<Sample> samples;        // sorted by name; unique likewise
    std::vector<Process> processes;     // sorted by image; unique likewise
    std::vector<Stream> streams;        // sorted by name; unique likewise
    std::vector<Driver> drivers;        // sorted by name; unique likewise
    std::vector<Program> programs;      // sorted by name; unique likewise
    std::vector<Service> services;      // sorted by name; unique likewise
    std::vector<Component> components;  // sorted by name; unique likewise
    Registry registry;
    std::vector<EventWorkload> events;  // in the order in which they are written
};

// Errors carry file:line:column, what was expected, and the nearest valid key.
base::Result<Persona> load_persona(const std::filesystem::path& file);
// The same from text; `file` serves messages and the name.
base::Result<Persona> parse_persona(std::string_view text, const std::filesystem::path& file);

}  // namespace firebreak::host
