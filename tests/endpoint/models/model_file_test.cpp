#include "endpoint/models/model_file.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <rapidcheck/gtest.h>  // after gtest.h, which it does not include

#include "endpoint/models/samples.h"

namespace firebreak::endpoint::models {
namespace {

using base::Bytes;
using base::Code;
using test::Library;

Library packed() {
    return Library(test::model_bytes("packed"));
}

// "code: evidence", or "accepted".
std::string verdict_on(const Bytes& bytes) {
    const auto refusal = refuse_model_file(bytes);
    return refusal ? std::string(to_text(refusal->code)) + ": " + base::to_text(refusal->evidence)
                   : "accepted";
}

// The verdict on model `packed` after one change.
template <class Change>
std::string verdict_after(Change change) {
    Library library = packed();
    change(library);
    return verdict_on(library.bytes());
}

#define EXPECT_REFUSED(code, part, ...)                                                            \
    do {                                                                                           \
        const std::string verdict = verdict_after([&](Library& it) { __VA_ARGS__; });              \
        EXPECT_TRUE(verdict.starts_with(to_text(code)) && verdict.find(part) != std::string::npos) \
            << verdict;                                                                            \
    } while (false)

TEST(ModelFile, AcceptsWhatTheBuildMakes) {
    for (const char* name : {"packed", "packed-next", "wrong-abi", "crash-at-load", "opens-file"}) {
        EXPECT_EQ(verdict_on(test::model_bytes(name)), "accepted") << name;
    }
}

TEST(ModelFile, RefusesWhatNeedsAnotherLibrary) {
    EXPECT_EQ(verdict_on(test::model_bytes("needs-library")).find("model asks for what"), 0u);
    EXPECT_REFUSED(Code::kModelOverreaches, "library: libx.so.6", it.rename("libm.so", "libx.so"));
    EXPECT_REFUSED(Code::kModelMalformed, "name is out of bounds",
                   it.dynamic(DT_NEEDED).d_un.d_val = 1u << 20);
}

TEST(ModelFile, RefusesWhatDoesNotExportTheModel) {
    EXPECT_EQ(verdict_on(test::model_bytes("exports-nothing")),
              "model's interface is not the one that is known: problem: does not export the "
              "function `firebreak_model`");
    EXPECT_REFUSED(Code::kModelAbi, "firebreak_model", it.symbol("firebreak_model").st_shndx = 0);
    EXPECT_REFUSED(Code::kModelAbi, "firebreak_model",
                   it.symbol("firebreak_model").st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT));
    EXPECT_REFUSED(Code::kModelAbi, "firebreak_model",
                   it.symbol("firebreak_model").st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC));
    EXPECT_REFUSED(Code::kModelAbi, "firebreak_model",
                   it.symbol("firebreak_model").st_other = STV_HIDDEN);
    // In the segment of the headers, which does not run.
    EXPECT_REFUSED(Code::kModelAbi, "firebreak_model", it.symbol("firebreak_model").st_value = 64);
}

TEST(ModelFile, RefusesWhatIsNoSharedLibraryForThisMachine) {
    EXPECT_REFUSED(Code::kModelMalformed, "no ELF header", it.at<char>(0) = 'M');
    for (const size_t field : {EI_CLASS, EI_DATA, EI_VERSION, EI_OSABI, EI_ABIVERSION}) {
        EXPECT_REFUSED(Code::kModelMalformed, "not ELF64", it.header().e_ident[field] = 9);
    }
    EXPECT_REFUSED(Code::kModelMalformed, "not a shared library", it.header().e_type = ET_EXEC);
    EXPECT_REFUSED(Code::kModelMalformed, "not for x86-64", it.header().e_machine = EM_AARCH64);
    EXPECT_REFUSED(Code::kModelMalformed, "program headers", it.header().e_phnum = 0);
    EXPECT_REFUSED(Code::kModelMalformed, "program headers", it.header().e_phnum = 65);
    EXPECT_REFUSED(Code::kModelMalformed, "program headers", it.header().e_phoff = 1u << 30);
    EXPECT_REFUSED(Code::kModelMalformed, "program headers", it.header().e_phentsize = 32);
    EXPECT_REFUSED(Code::kModelMalformed, "interpreter",
                   it.segment(PT_GNU_EH_FRAME).p_type = PT_INTERP);
}

TEST(ModelFile, RefusesWhatIsTooLarge) {
    Bytes bytes = packed().bytes();
    bytes.resize(kMaxModelBytes + 1);
    EXPECT_NE(verdict_on(bytes).find("larger than a model may be"), std::string::npos);
    EXPECT_REFUSED(Code::kModelMalformed, "does not fit into memory",
                   it.segment(PT_LOAD, 3).p_memsz = kMaxModelMemory);
    EXPECT_REFUSED(Code::kModelMalformed, "does not fit into memory",
                   it.segment(PT_LOAD, 3).p_memsz = ~uint64_t{0});
}

TEST(ModelFile, RefusesMemoryThatIsWritableAndExecutable) {
    EXPECT_REFUSED(Code::kModelOverreaches, "both writable and executable",
                   it.segment(PT_LOAD, 1).p_flags |= PF_W);
    EXPECT_REFUSED(Code::kModelOverreaches, "an executable stack",
                   it.segment(PT_GNU_STACK).p_flags |= PF_X);
    EXPECT_REFUSED(Code::kModelOverreaches, "does not say that its stack",
                   it.segment(PT_GNU_STACK).p_type = PT_NULL);
}

TEST(ModelFile, RefusesWhatModelsHaveNoUseFor) {
    EXPECT_REFUSED(Code::kModelOverreaches, "thread-local data",
                   it.segment(PT_GNU_EH_FRAME).p_type = PT_TLS);
    for (const int64_t tag : {DT_RPATH, DT_RUNPATH}) {
        EXPECT_REFUSED(Code::kModelOverreaches, "search libraries",
                       it.dynamic(DT_RELACOUNT).d_tag = tag);
    }
    EXPECT_REFUSED(Code::kModelOverreaches, "relocations in code",
                   it.dynamic(DT_RELACOUNT).d_tag = DT_TEXTREL);
    EXPECT_REFUSED(Code::kModelOverreaches, "relocations in code",
                   it.dynamic(DT_FLAGS).d_un.d_val |= DF_TEXTREL);
    EXPECT_REFUSED(Code::kModelOverreaches, "flags", it.dynamic(DT_FLAGS).d_un.d_val |= DF_ORIGIN);
    EXPECT_REFUSED(Code::kModelOverreaches, "flags",
                   it.dynamic(DT_FLAGS_1).d_un.d_val |= DF_1_GLOBAL);
    for (const int64_t tag : {int64_t{DT_AUDIT}, int64_t{DT_FILTER}, int64_t{0x12345678}}) {
        EXPECT_REFUSED(Code::kModelOverreaches, "tag: ", it.dynamic(DT_RELACOUNT).d_tag = tag);
    }
    for (const uint64_t type : {R_X86_64_IRELATIVE, R_X86_64_COPY, R_X86_64_TPOFF64}) {
        EXPECT_REFUSED(Code::kModelOverreaches, "a relocation that",
                       it.relocation(0).r_info = ELF64_R_INFO(0, type));
    }
    EXPECT_REFUSED(Code::kModelOverreaches, "chosen while it is loaded",
                   it.symbol("expf").st_info = ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC));
}

TEST(ModelFile, RefusesSegmentsThatDoNotFitOneAnother) {
    EXPECT_REFUSED(Code::kModelMalformed, "outside of the file",
                   it.segment(PT_LOAD).p_filesz = 1u << 30);
    EXPECT_REFUSED(Code::kModelMalformed, "does not fit", it.segment(PT_LOAD).p_memsz -= 1);
    EXPECT_REFUSED(Code::kModelMalformed, "aligned", it.segment(PT_LOAD).p_align = 3 * 4096);
    EXPECT_REFUSED(Code::kModelMalformed, "aligned", it.segment(PT_LOAD).p_align = 16);
    EXPECT_REFUSED(Code::kModelMalformed, "aligned", it.segment(PT_LOAD, 1).p_offset += 8);
    EXPECT_REFUSED(Code::kModelMalformed, "overlap", it.segment(PT_LOAD, 1).p_vaddr = 0);
    EXPECT_REFUSED(Code::kModelMalformed, "read-only relocations",
                   it.segment(PT_GNU_RELRO).p_memsz = 1u << 20);
    EXPECT_REFUSED(
        Code::kModelMalformed, "no segment to load",
        for (int i = 0; i < 4; ++i) { it.segment(PT_LOAD).p_type = PT_NULL; });
}

TEST(ModelFile, RefusesADynamicSectionThatIsNotOne) {
    EXPECT_REFUSED(Code::kModelMalformed, "no dynamic", it.segment(PT_DYNAMIC).p_type = PT_NULL);
    EXPECT_REFUSED(Code::kModelMalformed, "two dynamic",
                   it.segment(PT_GNU_EH_FRAME).p_type = PT_DYNAMIC);
    EXPECT_REFUSED(Code::kModelMalformed, "not where it is loaded",
                   it.segment(PT_DYNAMIC).p_vaddr += 16);
    EXPECT_REFUSED(Code::kModelMalformed, "without an end",
                   it.segment(PT_DYNAMIC).p_filesz = it.segment(PT_DYNAMIC).p_memsz = 160);
    EXPECT_REFUSED(Code::kModelMalformed, "comes twice", it.dynamic(DT_RELACOUNT).d_tag = DT_STRSZ);
}

TEST(ModelFile, RefusesTablesThatAreOutOfBounds) {
    const std::pair<int64_t, const char*> tables[] = {{DT_STRTAB, "strings"},
                                                      {DT_SYMTAB, "table of symbols"},
                                                      {DT_GNU_HASH, "hash table"},
                                                      {DT_RELA, "relocations"},
                                                      {DT_JMPREL, "relocations of functions"},
                                                      {DT_INIT_ARRAY, "start or end functions"},
                                                      {DT_FINI_ARRAY, "start or end functions"},
                                                      {DT_INIT, "no code"},
                                                      {DT_FINI, "no code"},
                                                      {DT_PLTGOT, "a table"},
                                                      {DT_VERNEED, "a table"},
                                                      {DT_VERSYM, "a table"}};
    for (const auto& [tag, part] : tables) {
        for (const uint64_t address : {uint64_t{1} << 40, ~uint64_t{0} - 4, uint64_t{0x9000}}) {
            EXPECT_REFUSED(Code::kModelMalformed, part, it.dynamic(tag).d_un.d_ptr = address);
        }
    }
    for (const int64_t tag : {DT_STRSZ, DT_RELASZ, DT_PLTRELSZ, DT_INIT_ARRAYSZ, DT_RELAENT,
                              DT_SYMENT, DT_RELACOUNT, DT_PLTREL}) {
        EXPECT_REFUSED(Code::kModelMalformed, "", it.dynamic(tag).d_un.d_val = 1u << 20);
    }
    EXPECT_REFUSED(Code::kModelMalformed, "no table of strings",
                   it.dynamic(DT_STRSZ).d_un.d_val = 0);
    EXPECT_REFUSED(Code::kModelMalformed, "strings without an end",
                   it.dynamic(DT_STRSZ).d_un.d_val -= 1);
}

TEST(ModelFile, RefusesSymbolsThatLeadNowhere) {
    EXPECT_REFUSED(Code::kModelMalformed, "hash table", it.hash_word(0) = 0);  // buckets
    EXPECT_REFUSED(Code::kModelMalformed, "hash table", it.hash_word(0) = ~0u);
    EXPECT_REFUSED(Code::kModelMalformed, "hash table", it.hash_word(1) = 0);         // first one
    EXPECT_REFUSED(Code::kModelMalformed, "hash table", it.hash_word(2) = 3);         // filters
    EXPECT_REFUSED(Code::kModelMalformed, "hash table", it.hash_word(6) = 1u << 30);  // bucket 0
    EXPECT_REFUSED(Code::kModelMalformed, "name is out of bounds",
                   it.symbol("expf").st_name = 9999);
    EXPECT_REFUSED(Code::kModelMalformed, "what is not there",
                   it.relocation(0).r_info = ELF64_R_INFO(1u << 20, R_X86_64_64));
    EXPECT_REFUSED(Code::kModelMalformed, "what is not there", it.relocation(0).r_offset = 0x1000);
    EXPECT_REFUSED(Code::kModelMalformed, "what is not there",
                   it.relocation(0).r_offset = ~uint64_t{0} - 3);
}

TEST(ModelFile, RefusesEveryFileThatEndsEarly) {
    const Bytes whole = packed().bytes();
    const uint64_t loaded =
        packed().segment(PT_LOAD, 3).p_offset + packed().segment(PT_LOAD, 3).p_filesz;
    for (size_t size = 0; size < loaded; size += size < 4096 ? 1 : 7) {
        EXPECT_NE(verdict_on({whole.begin(), whole.begin() + static_cast<long>(size)}), "accepted")
            << size;
    }
}

RC_GTEST_PROP(ModelFileProperty, AnyBytesAreRefusedWithEvidence, ()) {
    const auto refusal = refuse_model_file(*rc::gen::arbitrary<Bytes>());
    RC_ASSERT(refusal.has_value() && !refusal->evidence.empty());
}

// Extremes find every sum that overflows.
RC_GTEST_PROP(ModelFileProperty, ExtremeNumbersInHeadersAreRefusedWithEvidenceOrAccepted, ()) {
    Library library = packed();
    const uint64_t dynamic = library.segment(PT_DYNAMIC).p_offset;
    for (int changes = *rc::gen::inRange(1, 5); changes > 0; --changes) {
        const uint64_t from = *rc::gen::element<uint64_t>(16, dynamic);
        library.at<uint64_t>(from + 8 * *rc::gen::inRange<uint64_t>(0, 60)) =
            *rc::gen::element<uint64_t>(0, 1, 0xff, 0x1000, 1u << 31, ~0u, uint64_t{1} << 63,
                                        ~uint64_t{0}, ~uint64_t{0} - 0xfff);
    }
    const auto refusal = refuse_model_file(library.bytes());
    RC_ASSERT(!refusal.has_value() || !refusal->evidence.empty());
}

}  // namespace
}  // namespace firebreak::endpoint::models
