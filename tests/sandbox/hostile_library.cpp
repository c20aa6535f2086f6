// A shared library for a locked-down worker to load. AT_LOAD, one of the functions below, is what
// it does before anybody has called anything in it.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmath>
#include <vector>

namespace {

// Initialized data that needs relocation, and more zeroes than its last page has room for.
int g_calls = 0;
const int* const g_pointer = &g_calls;
char g_zeroes[100'000];

[[maybe_unused]] void do_nothing() {}

[[maybe_unused]] void open_file() {
    open("/etc/passwd", O_RDONLY);
}

[[maybe_unused]] void open_socket() {
    socket(AF_INET, SOCK_STREAM, 0);
}

// The loader has asked once already, for the status of this very file.
[[maybe_unused]] void ask_for_status() {
    struct stat status {};
    fstatat(15, "/etc/passwd", &status, AT_EMPTY_PATH);
}

[[maybe_unused]] void make_executable() {
    static char code[8192];
    const auto page = (reinterpret_cast<unsigned long>(code) + 4095) & ~4095ul;
    mprotect(reinterpret_cast<void*>(page), 4096, PROT_READ | PROT_EXEC);
}

[[maybe_unused]] void map_writable_code() {
    mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

struct AtLoad {
    AtLoad() { AT_LOAD(); }
} const at_load;

}  // namespace

// 10 more than the square root, if all of it is in its place.
extern "C" double score(double x) {
    const std::vector<double> ten(10, 1.0);
    g_zeroes[sizeof g_zeroes - 1] = static_cast<char>(ten.size());
    ++g_calls;
    return *g_pointer == g_calls ? std::sqrt(x) + g_zeroes[sizeof g_zeroes - 1] + g_zeroes[0] : -1;
}
