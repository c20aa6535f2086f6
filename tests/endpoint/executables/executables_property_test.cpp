#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <rapidcheck/gtest.h>  // after gtest.h, which it does not include

#include "endpoint/executables/elf.h"
#include "endpoint/executables/little_endian.h"
#include "endpoint/executables/samples.h"

namespace firebreak::endpoint::executables {
namespace {

using base::Bytes;
using test::parsed;

NewPe any_program() {
    NewPe program;
    program.machine = *rc::gen::element(Machine::kX86, Machine::kX64, Machine::kArm64);
    const size_t sections = *rc::gen::inRange<size_t>(1, 12);
    for (size_t i = 0; i < sections; ++i) {
        const auto name =
            *rc::gen::element<std::string>(".text", ".data", ".rsrc", "x", "eightlet");
        const auto size = *rc::gen::inRange<size_t>(1, 5000);
        program.sections.push_back({name, Bytes(size, *rc::gen::arbitrary<uint8_t>())});
    }
    program.entry = *rc::gen::inRange<uint32_t>(
        0, static_cast<uint32_t>(program.sections.front().bytes.size()));
    return program;
}

RC_GTEST_PROP(ExecutablesProperty, EveryProgramThatIsMadeReadsBackAsItWasAskedFor, ()) {
    const NewPe program = any_program();
    const Bytes bytes = make_pe(program).value();
    const PeImage image = parsed(bytes);
    RC_ASSERT(image.length == bytes.size());
    RC_ASSERT(image.entry == image.sections.front().virtual_address + program.entry);
    RC_ASSERT(image.sections.size() == program.sections.size());
    for (size_t i = 0; i < program.sections.size(); ++i) {
        const PeSection& section = image.sections[i];
        const Bytes& given = program.sections[i].bytes;
        RC_ASSERT(section.name == program.sections[i].name);
        RC_ASSERT(section.virtual_size == given.size());
        RC_ASSERT(std::equal(given.begin(), given.end(),
                             bytes.begin() + static_cast<long>(section.raw.offset)));
    }
}

// With anything behind its sections, too.
RC_GTEST_PROP(ExecutablesProperty, EveryProgramThatIsSignedVerifiesAndNoneWithAByteMore, ()) {
    Bytes bytes = make_pe(any_program()).value();
    const auto overlay = *rc::gen::arbitrary<Bytes>();
    bytes.insert(bytes.end(), overlay.begin(), overlay.end());
    Bytes done = test::signed_by(test::authority().publisher, bytes);
    RC_ASSERT(test::summary(test::verdict_on(done)) == "signed by Sample publisher");
    done.push_back(*rc::gen::arbitrary<uint8_t>());
    RC_ASSERT(test::summary(test::verdict_on(done)) == "certificate table is malformed");
}

// Headers of nothing but extremes find every sum that overflows.
RC_GTEST_PROP(ExecutablesProperty, ExtremeNumbersInHeadersAreRefusedOrInBounds, ()) {
    static constexpr uint64_t kExtremes[] = {0,          1,          0x7fffffff,
                                             0x80000000, 0xfffffff8, ~uint64_t{0}};
    Bytes bytes =
        *rc::gen::element(test::sample_pe(), test::sample_pe(Machine::kX86), test::signed_sample(),
                          test::sample_elf(true), test::sample_elf(false));
    const int changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i) {
        const size_t at = *rc::gen::inRange<size_t>(0, std::min<size_t>(bytes.size() - 8, 400));
        put_at(
            bytes, at,
            *rc::gen::elementOf(std::vector<uint64_t>(std::begin(kExtremes), std::end(kExtremes))),
            *rc::gen::element<size_t>(2, 4, 8));
    }
    if (const auto image = parse_pe(bytes); image.ok()) {
        RC_ASSERT(image->length <= bytes.size() && image->overlay.end() <= bytes.size());
        for (const PeSection& section : image->sections) {
            RC_ASSERT(section.raw.end() <= bytes.size());
        }
        RC_ASSERT(!authenticode_digest(bytes, *image).ok() || image->certificate_table.size == 0 ||
                  image->certificate_table.end() == bytes.size());
    }
    if (const auto image = parse_elf(bytes); image.ok()) {
        RC_ASSERT(image->length <= bytes.size());
    }
}

}  // namespace
}  // namespace firebreak::endpoint::executables
