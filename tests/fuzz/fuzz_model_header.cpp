// Any bytes at all are refused as a model, with evidence, or are a shared library as readelf would
// read it: in bounds, nothing both writable and executable. Features of them are finite.
#include <elf.h>

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "endpoint/models/features.h"
#include "endpoint/models/model_file.h"

namespace {

using namespace firebreak;
using namespace firebreak::endpoint::models;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

template <class T>
T read(base::ByteView bytes, uint64_t at) {
    T out;
    require(at + sizeof out <= bytes.size());
    std::memcpy(&out, bytes.data() + at, sizeof out);
    return out;
}

void check_accepted(base::ByteView input) {
    const auto header = read<Elf64_Ehdr>(input, 0);
    require(header.e_type == ET_DYN && header.e_machine == EM_X86_64);
    bool stack = false, dynamic = false;
    for (size_t i = 0; i < header.e_phnum; ++i) {
        const auto segment = read<Elf64_Phdr>(input, header.e_phoff + i * sizeof(Elf64_Phdr));
        require(segment.p_filesz == 0 || segment.p_offset + segment.p_filesz <= input.size());
        const bool writable = (segment.p_flags & PF_W) != 0;
        const bool executable = (segment.p_flags & PF_X) != 0;
        require(segment.p_type != PT_LOAD || !(writable && executable));
        require(segment.p_type != PT_GNU_STACK || !executable);
        require(segment.p_type != PT_INTERP && segment.p_type != PT_TLS);
        stack = stack || segment.p_type == PT_GNU_STACK;
        dynamic = dynamic || segment.p_type == PT_DYNAMIC;
    }
    require(stack && dynamic);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const base::ByteView input(data, size);
    if (const auto refusal = refuse_model_file(input)) {
        require(!refusal->evidence.empty());
    } else {
        check_accepted(input);
    }
    for (const float feature : features_of(input)) {
        require(std::isfinite(feature));
    }
    return 0;
}
