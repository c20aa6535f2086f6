#include "endpoint/lua/accounts.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <map>

namespace firebreak::endpoint::lua {
namespace {

void* resize(Accounts& accounts, void* block, size_t old_size, size_t new_size) {
    return Accounts::allocate(&accounts, block, old_size, new_size);
}

TEST(Accounts, CountForWhoeverRanWhenMemoryWasFirstAllocated) {
    Accounts accounts(1000, 5000);
    const Owner first = accounts.add(), second = accounts.add();
    accounts.run_as(first);
    void* block = resize(accounts, nullptr, 0, 100);
    accounts.run_as(second);
    block = resize(accounts, block, 100, 300);
    EXPECT_EQ(accounts.live(first), 300u);
    EXPECT_EQ(accounts.live(second), 0u);
    resize(accounts, block, 300, 0);
    EXPECT_EQ(accounts.total(), 0u);
}

TEST(Accounts, RefuseWhatIsBeyondTheLimitOfOneAndOfAll) {
    Accounts accounts(1000, 1500);
    const Owner first = accounts.add(), second = accounts.add();
    accounts.run_as(first);
    EXPECT_EQ(resize(accounts, nullptr, 0, 1001), nullptr);
    EXPECT_TRUE(accounts.refused());
    accounts.clear_refused();
    void* block = resize(accounts, nullptr, 0, 1000);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(resize(accounts, block, 1000, 1001), nullptr);
    accounts.run_as(second);
    EXPECT_EQ(resize(accounts, nullptr, 0, 501), nullptr) << "of all";
    void* other = resize(accounts, nullptr, 0, 500);
    EXPECT_NE(other, nullptr);
    accounts.run_as(kEngine);
    EXPECT_EQ(resize(accounts, nullptr, 0, kEngineReserve + 1), nullptr);
    void* reserve = resize(accounts, nullptr, 0, kEngineReserve);
    EXPECT_NE(reserve, nullptr);
    accounts.run_as(second);
    EXPECT_EQ(resize(accounts, nullptr, 0, 1), nullptr) << "the reserve is the engine's alone";
    resize(accounts, reserve, kEngineReserve, 0);
    resize(accounts, block, 1000, 0);
    resize(accounts, other, 500, 0);
}

// Against a naive account.
RC_GTEST_PROP(Accounts, AreRightAfterAnyStepsAndKeepWhatIsInABlock, ()) {
    Accounts accounts(4000, 8000);
    const Owner owners[] = {kEngine, accounts.add(), accounts.add()};
    struct Block {
        void* at;
        size_t size;
        Owner owner;
        uint8_t fill;
    };
    std::vector<Block> blocks;
    std::map<Owner, size_t> live;
    for (int step = 0; step < 100; ++step) {
        const Owner running = *rc::gen::elementOf(std::vector<Owner>(owners, owners + 3));
        accounts.run_as(running);
        const size_t which = *rc::gen::inRange<size_t>(0, blocks.size() + 1);
        const size_t size = *rc::gen::inRange<size_t>(0, 2000);
        if (which == blocks.size()) {
            void* at = size == 0 ? nullptr : resize(accounts, nullptr, 0, size);
            if (at != nullptr) {
                blocks.push_back({at, size, running, static_cast<uint8_t>(step)});
                std::memset(at, step, size);
                live[running] += size;
            }
            continue;
        }
        Block& block = blocks[which];
        void* at = resize(accounts, block.at, block.size, size);
        if (at != nullptr || size == 0) {
            live[block.owner] += size - block.size;
            const auto* bytes = static_cast<const uint8_t*>(at);
            for (size_t i = 0; i < std::min(size, block.size); ++i) {
                RC_ASSERT(bytes[i] == block.fill);
            }
            if (at != nullptr) {
                std::memset(at, block.fill, size);
            }
            block = {at, size, block.owner, block.fill};
            if (size == 0) {
                blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(which));
            }
        }
        size_t total = 0;
        for (const Owner owner : owners) {
            RC_ASSERT(accounts.live(owner) == live[owner]);
            RC_ASSERT(owner == kEngine || live[owner] <= 4000);
            total += live[owner];
        }
        RC_ASSERT(accounts.total() == total);
        RC_ASSERT(total <= 8000 + kEngineReserve);
        RC_ASSERT(live[owners[1]] + live[owners[2]] <= 8000);
    }
    for (const Block& block : blocks) {
        resize(accounts, block.at, block.size, 0);
    }
}

}  // namespace
}  // namespace firebreak::endpoint::lua
