// A project small enough to be built in a blink, for trying the real launcher with the real cmake
// and ninja. Only what would change the machine is replaced: dpkg-query, apt-get and sudo.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/paths.h"

namespace firebreak::launcher {

struct Finished {
    int exit_code = -1;  // -1 when a signal ended it
    int signal = 0;
    std::string out;
    std::string err;
};

// A started process in a process group of its own; its group is killed with its owner.
class Process {
  public:
    Process(const std::vector<std::string>& command, const std::filesystem::path& folder,
            const std::map<std::string, std::string>& environment,
            const std::filesystem::path& output_folder, const std::string& input);
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    void signal_group(int signal) const;
    Finished wait();

  private:
    int pid_ = -1;
    std::filesystem::path output_folder_;
};

// The tree lies in a folder with a space in its name. The program firebreak prints its folder and
// its arguments, one per line, and ends with 1 when its last argument is "bad".
class StandIn {
  public:
    StandIn();

    std::filesystem::path root() const { return root_; }

    // Paths are relative to the root.
    void write(const std::string& path, const std::string& text) const;
    std::string read(const std::string& path) const;  // "" when it is missing

    // Writes until the file is newer than the built program: clocks of file systems are coarse.
    void edit(const std::string& path, const std::string& text) const;

    // Runs the launcher in `user_folder`, or starts it.
    Finished run(const std::vector<std::string>& arguments, const std::string& input = "");
    std::unique_ptr<Process> start(const std::vector<std::string>& arguments,
                                   const std::string& input = "");

    // From now on dpkg-query does not know the package; apt-get can install it, unless its lists
    // lack it, until `apt-get update`.
    void remove_package(const std::string& package) const;
    void forget_list_entry(const std::string& package) const;
    // What apt-get was asked, one call a line, without options.
    std::string apt_calls() const { return read("../tools/apt_calls"); }

    // Puts a program of that name before the real one in PATH; its own folder is "../tools".
    void replace_tool(const std::string& name, const std::string& script) const;
    // Puts one there that leaves a trace and fails.
    void forbid(const std::string& program) const;
    std::string forbidden_calls() const { return read("../tools/forbidden_calls"); }

    std::filesystem::path user_folder;               // where the user stands; default: the root
    std::filesystem::path called_as;                 // default: the launcher's own path
    std::map<std::string, std::string> environment;  // beside PATH and HOME

  private:
    test::TemporaryFolder scratch_;
    std::filesystem::path root_;
    int started_ = 0;
};

}  // namespace firebreak::launcher
