#include "host/product.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "host/windows_path.h"
#include "support/result_matchers.h"

namespace firebreak::host {
namespace {

const Product kProduct = make_product("2026.1");

// Which of the product's files are not as they were installed.
std::set<std::string> not_as_installed(const Machine& machine) {
    std::set<std::string> paths;
    for (const File& file : kProduct.files) {
        const MachineFile* found = machine.file(file.path);
        if (found == nullptr || found->sha384 != file.sha384) {
            paths.insert(file.path);
        }
    }
    return paths;
}

TEST(Product, IsTheSameForTheSameVersionAlone) {
    const Product again = make_product("2026.1"), later = make_product("2026.2");
    ASSERT_EQ(again.files.size(), kProduct.files.size());
    for (size_t i = 0; i < kProduct.files.size(); ++i) {
        EXPECT_EQ(again.files[i].sha384, kProduct.files[i].sha384);
        EXPECT_NE(later.files[i].sha384, kProduct.files[i].sha384);
        EXPECT_EQ(base::sha384(*kProduct.files[i].content), kProduct.files[i].sha384);
        EXPECT_EQ(path_problem(kProduct.files[i].path), "");
    }
    EXPECT_TRUE(std::ranges::is_sorted(kProduct.files, {},
                                       [](const File& file) { return case_folded(file.path); }));
}

TEST(Product, StandsOnTheMachineBesideThePersona) {
    Persona persona;
    persona.files = {{R"(C:\a)", std::make_shared<const base::Bytes>(), base::sha384({})}};
    const Machine machine = machine_with(persona, kProduct);
    EXPECT_TRUE(not_as_installed(machine).empty());
    EXPECT_EQ(machine.files().size(), kProduct.files.size() + 1);
    for (const Service& service : kProduct.services) {
        ASSERT_NE(machine.service(service.name), nullptr);
        EXPECT_EQ(*machine.service(service.name), service);
    }
    EXPECT_NE(machine.registry().find(std::string(kProductKey) + R"(\Updater)", "Staging"),
              nullptr);
    EXPECT_NE(machine.registry().find(
                  R"(HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\Endpoint Guard)"),
              nullptr);
    EXPECT_NE(find_file(kProduct, R"(c:\program files\ENDPOINT GUARD\updater\updater.exe)"),
              nullptr);
    EXPECT_EQ(find_file(kProduct, R"(C:\a)"), nullptr);
}

RC_GTEST_PROP(UncleanShutdown, DamagesJustTheFilesThatItSays, ()) {
    const base::RandomStream draws(*rc::gen::arbitrary<uint64_t>(), base::Stream::kTrigger);
    const auto endpoint = *rc::gen::arbitrary<uint32_t>();
    const Machine before = machine_with({}, kProduct);
    Machine machine = before;
    std::set<std::string> said;
    for (const DamagedFile& one : shut_down_uncleanly(machine, kProduct, draws, endpoint)) {
        RC_ASSERT(said.insert(one.path).second);
        const base::Bytes& now = *machine.file(one.path)->content;
        const base::Bytes& was = *before.file(one.path)->content;
        RC_ASSERT((now.size() == was.size()) == (one.how == FileDamage::kTorn));
        RC_ASSERT(now.empty() || one.how != FileDamage::kEmptied);
    }
    RC_ASSERT(!said.empty());
    RC_ASSERT(said.size() <= kMostDamaged);
    RC_ASSERT(not_as_installed(machine) == said);
    for (const auto& [folded, file] : machine.files()) {
        RC_ASSERT(before.file(folded) != nullptr ||
                  folded.starts_with(case_folded(kStagingFolder) + "\\"));
    }
    RC_ASSERT(machine.registry() == before.registry());
    Machine again = before;
    shut_down_uncleanly(again, kProduct, draws, endpoint);
    RC_ASSERT(again == machine);
}

// All kinds of damage come about, and what is left over from an update.
TEST(UncleanShutdown, DoesAllThatItMay) {
    std::set<FileDamage> kinds;
    bool leaves_parts = false;
    for (uint64_t endpoint = 0; endpoint < 50; ++endpoint) {
        Machine machine = machine_with({}, kProduct);
        for (const DamagedFile& one :
             shut_down_uncleanly(machine, kProduct, {1, base::Stream::kTrigger}, endpoint)) {
            kinds.insert(one.how);
        }
        leaves_parts = leaves_parts || machine.files().size() > kProduct.files.size();
    }
    EXPECT_EQ(kinds.size(), 3u);
    EXPECT_TRUE(leaves_parts);
}

TEST(UncleanShutdown, HasNothingToDamageWhereNothingIs) {
    Machine machine;
    EXPECT_TRUE(shut_down_uncleanly(machine, kProduct, {1, base::Stream::kTrigger}, 1).empty());
}

}  // namespace
}  // namespace firebreak::host
