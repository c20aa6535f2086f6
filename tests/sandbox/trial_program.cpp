// A program under test that does what its first argument says: what an external scanner could do
// that hostile content has taken over completely.
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <new>
#include <string>
#include <vector>

namespace {

using Words = std::vector<std::string>;

// What came of a system call: "0", "3", "Permission denied".
std::string told(long result) {
    return result < 0 ? std::strerror(errno) : std::to_string(result);
}

int say(const std::string& text) {
    std::cout << text << '\n' << std::flush;
    return 0;
}

[[noreturn]] void spin() {
    for (;;) {
        asm volatile("");
    }
}

int allocate() {
    for (std::vector<void*> all;;) {
        void* const more = std::malloc(8 * 1024 * 1024);
        if (more == nullptr) {
            std::cerr << "out of memory after " << all.size() * 8 << " MiB\n";
            return 3;
        }
        std::memset(more, 1, 8 * 1024 * 1024);
        all.push_back(more);
    }
}

int read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return say(std::strerror(errno));
    }
    std::cout << file.rdbuf();
    return 0;
}

int list_folder(const std::string& path) {
    dirent** entries = nullptr;
    const int count = scandir(path.c_str(), &entries, nullptr, alphasort);
    for (int i = 0; i < count; ++i) {
        if (entries[i]->d_name[0] != '.') {
            std::cout << entries[i]->d_name << ' ';
        }
    }
    return say("");
}

int write_file(const std::string& path, size_t bytes) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT, 0600);
    if (file < 0) {
        return say(told(file));
    }
    signal(SIGXFSZ, SIG_IGN);
    const std::string block(4096, 'x');
    for (size_t done = 0; done < bytes; done += block.size()) {
        if (const ssize_t n = write(file, block.data(), block.size()); n < 0) {
            return say(told(n));
        }
    }
    return say("written");
}

int multiply() {
    int children = 0;
    for (; children < 1000; ++children) {
        const pid_t child = fork();
        if (child < 0) {
            break;
        }
        if (child == 0) {
            pause();
        }
    }
    return say(std::to_string(children) + " children, then: " + std::strerror(errno));
}

// Leaves a process behind that holds all descriptors, in a session of its own.
int leave_child() {
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            for (;;) {
                pause();
            }
        }
        _exit(0);
    }
    wait(nullptr);
    return say("gone ahead");
}

int forbidden_in_grandchild() {
    if (fork() == 0) {
        unshare(CLONE_NEWUSER);
        _exit(0);
    }
    wait(nullptr);
    return say("not stopped");
}

int print_descriptors() {
    for (int fd = 0; fd < 1024; ++fd) {
        if (fcntl(fd, F_GETFD) >= 0) {
            std::cout << fd << ' ';
        }
    }
    return say("");
}

int print_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct have[_LINUX_CAPABILITY_U32S_3] = {};
    syscall(SYS_capget, &header, have);
    return say(std::to_string(have[0].permitted | have[1].permitted | have[0].effective) +
               " no_new_privs " + std::to_string(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)));
}

int print_words(const Words& words) {
    for (const std::string& word : words) {
        std::cout << '[' << word << ']';
    }
    for (char** setting = environ; *setting != nullptr; ++setting) {
        std::cout << '{' << *setting << '}';
    }
    return say("");
}

[[noreturn]] void flood(std::ostream& stream) {
    for (const std::string block(4096, 'o');;) {
        stream << block;
    }
}

int print_input() {
    char byte = 0;
    return say("read " + told(read(0, &byte, 1)));
}

int run_copy(const std::string& program) {
    {
        std::ifstream from(program, std::ios::binary);
        std::ofstream("/scratch/copy", std::ios::binary) << from.rdbuf();
    }
    chmod("/scratch/copy", 0700);
    execl("/scratch/copy", "copy", nullptr);
    return say(std::strerror(errno));
}

const std::map<std::string, std::function<int(const Words&)>>& trials() {
    static const std::map<std::string, std::function<int(const Words&)>> kTrials = {
        {"words", print_words},
        {"exit", [](const Words& words) { return std::stoi(words[1]); }},
        {"segfault", [](const Words&) { return *reinterpret_cast<volatile int*>(0x1230); }},
        {"abort", [](const Words&) -> int { std::abort(); }},
        {"kill-itself", [](const Words&) { return kill(getpid(), SIGTERM); }},
        {"spin", [](const Words&) -> int { spin(); }},
        {"hang", [](const Words&) { return pause(); }},
        {"ignore-signals",
         [](const Words&) -> int {
             for (int s = 1; s < 32; ++s) {
                 signal(s, SIG_IGN);
             }
             spin();
         }},
        {"allocate", [](const Words&) { return allocate(); }},
        {"flood", [](const Words&) -> int { flood(std::cout); }},
        {"flood-errors", [](const Words&) -> int { flood(std::cerr); }},
        {"read", [](const Words& words) { return read_file(words[1]); }},
        {"list", [](const Words& words) { return list_folder(words[1]); }},
        {"write", [](const Words& words) { return write_file(words[1], std::stoul(words[2])); }},
        {"remove", [](const Words& words) { return say(told(unlink(words[1].c_str()))); }},
        {"input", [](const Words&) { return print_input(); }},
        {"descriptors", [](const Words&) { return print_descriptors(); }},
        {"rights", [](const Words&) { return print_capabilities(); }},
        {"user", [](const Words&) { return say(getuid() == 0 ? "root" : "somebody"); }},
        {"multiply", [](const Words&) { return multiply(); }},
        {"leave-child", [](const Words&) { return leave_child(); }},
        {"kill-all",
         [](const Words&) {
             kill(1, SIGKILL);
             return say("first: " + told(kill(1, SIGSTOP)) + ", all: " + told(kill(-1, 0)));
         }},
        {"run-copy", [](const Words& words) { return run_copy(words[1]); }},
        {"socket", [](const Words&) { return say(told(socket(AF_INET, SOCK_STREAM, 0))); }},
        {"netlink", [](const Words&) { return say(told(socket(AF_NETLINK, SOCK_RAW, 0))); }},
        {"unix",
         [](const Words&) {
             return say(socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? "a socket" : "none");
         }},
        {"ptrace", [](const Words&) { return say(told(ptrace(PTRACE_TRACEME, 0, 0, 0))); }},
        {"unshare", [](const Words&) { return say(told(unshare(CLONE_NEWUSER))); }},
        {"grandchild", [](const Words&) { return forbidden_in_grandchild(); }},
        {"clone",
         [](const Words&) {
             return say(told(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)));
         }},
        {"clone3", [](const Words&) { return say(told(syscall(SYS_clone3, nullptr, 0))); }},
        {"io_uring", [](const Words&) { return say(told(syscall(425, 1, nullptr))); }},
        {"mount", [](const Words&) { return say(told(syscall(SYS_mount, 0, 0, 0, 0, 0))); }},
        {"keyctl", [](const Words&) { return say(told(syscall(SYS_keyctl, 0, 0, 0, 0, 0))); }},
        {"bpf", [](const Words&) { return say(told(syscall(SYS_bpf, 0, 0, 0))); }},
        {"shmget", [](const Words&) { return say(told(syscall(SYS_shmget, 0, 4096, 0600))); }},
        {"memfd_create", [](const Words&) { return say(told(syscall(SYS_memfd_create, "x", 0))); }},
        {"userfaultfd", [](const Words&) { return say(told(syscall(SYS_userfaultfd, 0))); }},
        {"seccomp", [](const Words&) { return say(told(syscall(SYS_seccomp, 1, 0, 0))); }},
        {"process_vm_readv",
         [](const Words&) { return say(told(syscall(SYS_process_vm_readv, 1, 0, 0, 0, 0, 0))); }},
    };
    return kTrials;
}

}  // namespace

int main(int count, char** arguments) {
    const Words words(arguments + 1, arguments + count);
    const auto trial = trials().find(words.empty() ? "" : words[0]);
    return trial == trials().end() ? 64 : trial->second(words);
}
