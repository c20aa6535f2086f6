// Runs a program as a user would, without a shell.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "support/paths.h"

namespace firebreak::test {

struct Finished {
    int code = -1;  // exit status; 128 + the signal that killed it
    std::string out, err;
};

inline std::string contents(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

// A program under way, with its output in files of `folder`, which is also where it runs.
class Process {
  public:
    Process(std::vector<std::string> words, std::filesystem::path folder)
        : folder_(std::move(folder)) {
        std::vector<char*> arguments;
        for (std::string& word : words) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addchdir_np(&actions, folder_.c_str());
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 1, out().c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                         0600);
        posix_spawn_file_actions_addopen(&actions, 2, err().c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                         0600);
        if (posix_spawn(&pid_, words[0].c_str(), &actions, nullptr, arguments.data(), environ) !=
            0) {
            pid_ = -1;
        }
        posix_spawn_file_actions_destroy(&actions);
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            wait();
        }
    }

    pid_t pid() const { return pid_; }
    void kill(int signal) const { ::kill(pid_, signal); }

    Finished wait() {
        int state = 0;
        if (pid_ <= 0 || ::waitpid(pid_, &state, 0) != pid_) {
            return {};
        }
        pid_ = -1;
        return {WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state), contents(out()),
                contents(err())};
    }

  private:
    std::filesystem::path out() const { return folder_ / "stdout.txt"; }
    std::filesystem::path err() const { return folder_ / "stderr.txt"; }
    std::filesystem::path folder_;
    pid_t pid_ = -1;
};

inline Finished run(const std::vector<std::string>& words, const std::filesystem::path& folder) {
    return Process(words, folder).wait();
}

}  // namespace firebreak::test
