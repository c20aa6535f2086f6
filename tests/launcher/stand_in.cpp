#include "launcher/stand_in.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace firebreak::launcher {

namespace {

std::string read_whole(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write_whole(const std::filesystem::path& file, const std::string& text) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
}

void make_executable(const std::filesystem::path& file) {
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    for (std::string& string : strings) {
        pointers.push_back(string.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

void redirect(int descriptor, const std::filesystem::path& file, int flags) {
    const int opened = ::open(file.c_str(), flags, 0600);
    if (opened < 0 || ::dup2(opened, descriptor) < 0) {
        ::_exit(127);
    }
    ::close(opened);
}

constexpr const char* kRootCMake = R"(cmake_minimum_required(VERSION 3.25)
project(StandIn LANGUAGES NONE)
option(FIREBREAK_BUILD_TESTS "" ON)
option(FIREBREAK_GUI "" ON)
# program(NAME): copies NAME.sh of this folder to bin/NAME.
function(program name)
    add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/bin/${name}
        COMMAND cp ${CMAKE_CURRENT_SOURCE_DIR}/${name}.sh ${CMAKE_BINARY_DIR}/bin/${name}
        DEPENDS ${name}.sh VERBATIM)
    add_custom_target(${name} ALL DEPENDS ${CMAKE_BINARY_DIR}/bin/${name})
endfunction()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
add_subdirectory(app)
if(FIREBREAK_BUILD_TESTS)
    enable_testing()
    add_subdirectory(tests)
endif()
)";

constexpr const char* kAppCMake = R"(program(firebreak)
program(firebreak-worker)
if(FIREBREAK_GUI)
    program(firebreak-gui)
endif()
if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/extra/CMakeLists.txt)
    add_subdirectory(extra)
endif()
)";

constexpr const char* kTestsCMake = R"(program(bench_quick)
add_test(NAME Passes COMMAND ${CMAKE_BINARY_DIR}/bin/firebreak list)
add_test(NAME Fails COMMAND ${CMAKE_BINARY_DIR}/bin/firebreak bad)
)";

constexpr const char* kProgram = R"sh(#!/bin/sh
echo "in $(pwd)"
for last in "$@"; do echo "[$last]"; done
[ "$last" != - ] || cat
[ "$last" != bad ]
)sh";

// Knows every package but those that are listed as removed.
constexpr const char* kDpkgQuery = R"sh(#!/bin/sh
tools=${0%/*}
for package in "$@"; do
    case $package in -*|*'$'*) continue ;; esac
    grep -qxsF -- "$package" "$tools/removed" || echo "$package installed"
done
)sh";

constexpr const char* kAptGet = R"sh(#!/bin/sh
tools=${0%/*}
set -- $(printf '%s\n' "$@" | grep -v '^-\|=')
echo "$*" >>"$tools/apt_calls"
case $1 in
    update) rm -f "$tools/unlisted" ;;
    install)
        shift
        for package in "$@"; do
            if grep -qxsF -- "$package" "$tools/unlisted"; then
                echo "E: Unable to locate package $package"
                exit 100
            fi
        done
        for package in "$@"; do
            grep -vxF -- "$package" "$tools/removed" >"$tools/removed.new"
            mv "$tools/removed.new" "$tools/removed"
        done
        ;;
esac
)sh";

constexpr const char* kSudo = R"sh(#!/bin/sh
[ "$1" != -n ] || shift
exec "$@"
)sh";

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::filesystem::path& folder,
                 const std::map<std::string, std::string>& environment,
                 const std::filesystem::path& output_folder, const std::string& input)
    : output_folder_(output_folder) {
    write_whole(output_folder / "in", input);
    std::vector<std::string> arguments = command;
    std::vector<std::string> variables;
    for (const auto& [name, value] : environment) {
        variables.push_back(name + "=" + value);
    }
    const auto argument_pointers = pointers_to(arguments);
    const auto variable_pointers = pointers_to(variables);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::setpgid(0, 0);
        ::signal(SIGINT, SIG_DFL);  // ignored, and for good, where the tests run in the background
        redirect(STDIN_FILENO, output_folder / "in", O_RDONLY);
        redirect(STDOUT_FILENO, output_folder / "out", O_WRONLY | O_CREAT);
        redirect(STDERR_FILENO, output_folder / "err", O_WRONLY | O_CREAT);
        if (::chdir(folder.c_str()) == 0) {
            ::execve(argument_pointers[0], argument_pointers.data(), variable_pointers.data());
        }
        ::_exit(127);
    }
    ::setpgid(pid_, pid_);  // whoever of the two comes first
}

Process::~Process() {
    if (pid_ > 0) {
        ::kill(-pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

void Process::signal_group(int signal) const {
    ::kill(-pid_, signal);
}

Finished Process::wait() {
    int status = 0;
    Finished finished;
    if (::waitpid(pid_, &status, 0) == pid_) {
        finished.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        finished.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    }
    pid_ = -1;
    finished.out = read_whole(output_folder_ / "out");
    finished.err = read_whole(output_folder_ / "err");
    return finished;
}

StandIn::StandIn() : root_(scratch_.path() / "a tree") {
    for (const char* file : {"firebreak", "CMakePresets.json"}) {
        write(file, read_whole(test::source_dir() / file));
    }
    make_executable(root_ / "firebreak");
    write("CMakeLists.txt", kRootCMake);
    write("app/CMakeLists.txt", kAppCMake);
    write("app/firebreak.sh", kProgram);
    write("app/firebreak-gui.sh", kProgram);
    write("app/firebreak-worker.sh", "#!/bin/sh\n");
    write("simulator/a.h", "");
    write("tests/CMakeLists.txt", kTestsCMake);
    write("tests/bench_quick.sh", kProgram);
    for (const char* script : {"app/firebreak.sh", "app/firebreak-gui.sh",
                               "app/firebreak-worker.sh", "tests/bench_quick.sh"}) {
        make_executable(root_ / script);
    }
    replace_tool("dpkg-query", kDpkgQuery);
    replace_tool("apt-get", kAptGet);
    replace_tool("sudo", kSudo);
    user_folder = root_;
    called_as = root_ / "firebreak";
}

void StandIn::write(const std::string& path, const std::string& text) const {
    write_whole(root_ / path, text);
}

void StandIn::edit(const std::string& path, const std::string& text) const {
    const auto built = std::filesystem::last_write_time(root_ / "build/release/bin/firebreak");
    do {
        write(path, text);
    } while (std::filesystem::last_write_time(root_ / path) <= built);
}

std::string StandIn::read(const std::string& path) const {
    return read_whole(root_ / path);
}

void StandIn::replace_tool(const std::string& name, const std::string& script) const {
    write("../tools/" + name, script);
    make_executable(scratch_.path() / "tools" / name);
}

std::unique_ptr<Process> StandIn::start(const std::vector<std::string>& arguments,
                                        const std::string& input) {
    const char* path = std::getenv("PATH");
    std::map<std::string, std::string> variables = {
        {"PATH", (scratch_.path() / "tools").string() + ":" + (path != nullptr ? path : "")},
        {"HOME", scratch_.path().string()}};
    variables.insert(environment.begin(), environment.end());
    std::vector<std::string> command = {called_as.string()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return std::make_unique<Process>(command, user_folder, variables,
                                     scratch_.path() / ("output-" + std::to_string(started_++)),
                                     input);
}

Finished StandIn::run(const std::vector<std::string>& arguments, const std::string& input) {
    return start(arguments, input)->wait();
}

void StandIn::remove_package(const std::string& package) const {
    write("../tools/removed", read("../tools/removed") + package + "\n");
}

void StandIn::forget_list_entry(const std::string& package) const {
    write("../tools/unlisted", read("../tools/unlisted") + package + "\n");
}

void StandIn::forbid(const std::string& program) const {
    replace_tool(program, "#!/bin/sh\necho \"${0##*/}\" >>\"${0%/*}/forbidden_calls\"\nexit 1\n");
}

}  // namespace firebreak::launcher
