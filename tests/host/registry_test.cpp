#include "host/registry.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <rapidcheck/gtest.h>  // after gtest.h, which it does not include

#include <map>
#include <set>

#include "host/windows_path.h"

namespace firebreak::host {
namespace {

RegistryValue text(std::string name, std::string data) {
    return {std::move(name), RegistryType::kSz, std::move(data)};
}

TEST(Registry, FindsKeysAndValuesWhateverTheCase) {
    Registry registry;
    ASSERT_TRUE(registry.add_value(R"(HKLM\SOFTWARE\Vendor)", text("Version", "1.2")));
    const RegistryKey* key = registry.find(R"(hklm\software\VENDOR)");
    ASSERT_NE(key, nullptr);
    EXPECT_EQ(key->path, R"(HKLM\SOFTWARE\Vendor)");
    const RegistryValue* value = registry.find(R"(HKLM\Software\Vendor)", "VERSION");
    ASSERT_NE(value, nullptr);
    EXPECT_EQ(*value, text("Version", "1.2"));
    EXPECT_EQ(registry.find(R"(HKLM\SOFTWARE\Vendor)", ""), nullptr);
    EXPECT_EQ(registry.find(R"(HKLM\SOFTWARE\Vendo)"), nullptr);
    EXPECT_EQ(registry.find(R"(HKLM\SOFTWARE\Vendo)", "Version"), nullptr);
}

TEST(Registry, HasTheKeysAboveAKey) {
    Registry registry;
    registry.add_key(R"(HKLM\SOFTWARE\Vendor\Product)");
    EXPECT_NE(registry.find("HKLM"), nullptr);
    EXPECT_NE(registry.find(R"(HKLM\SOFTWARE)"), nullptr);
    EXPECT_EQ(registry.keys().size(), 4u);
}

TEST(Registry, KeepsTheFirstOfTwoValuesWithOneName) {
    Registry registry;
    ASSERT_TRUE(registry.add_value(R"(HKCU\K)", text("a", "first")));
    EXPECT_FALSE(registry.add_value(R"(HKCU\k)", text("A", "second")));
    EXPECT_EQ(std::get<std::string>(registry.find(R"(HKCU\K)", "a")->data), "first");
}

TEST(Registry, KeepsValuesSortedByName) {
    Registry registry;
    for (const char* name : {"b", "", "C", "a"}) {
        ASSERT_TRUE(registry.add_value(R"(HKCU\K)", text(name, "")));
    }
    std::string order;
    for (const RegistryValue& value : registry.find(R"(HKCU\K)")->values) {
        order += value.name + ",";
    }
    EXPECT_EQ(order, ",a,b,C,");
}

// Blanks and hyphens sort before the backslash, so "K-1" could come between K and what is below it.
TEST(Registry, ListsTheKeysRightBelowAndNoOthers) {
    Registry registry;
    for (const char* path : {R"(HKCU\K)", R"(HKCU\K\b\deep\deeper)", R"(HKCU\K\A)", R"(HKCU\K-1\x)",
                             R"(HKCU\K 2)", R"(HKCU\K\b c)", R"(HKCU\K\b-c\y)"}) {
        registry.add_key(path);
    }
    EXPECT_EQ(registry.subkeys(R"(HKCU\k)"),
              (std::vector<std::string_view>{"A", "b", "b c", "b-c"}));
    EXPECT_EQ(registry.subkeys(R"(HKCU\K\A)"), std::vector<std::string_view>());
    EXPECT_EQ(registry.subkeys("HKLM"), std::vector<std::string_view>());
}

std::string any_path() {
    std::string path = *rc::gen::element<std::string>("HKLM", "hkcu");
    for (int parts = *rc::gen::inRange(1, 5); parts > 0; --parts) {
        path += "\\" + *rc::gen::element<std::string>("a", "A", "b", "a b", "a-b", "{1}");
    }
    return path;
}

RC_GTEST_PROP(Registry, ListsWhatAPlainSetOfPathsWouldList, ()) {
    Registry registry;
    std::map<std::string, std::set<std::string>> below;
    for (int n = *rc::gen::inRange(0, 20); n > 0; --n) {
        const std::string path = any_path();
        RC_ASSERT(key_problem(path).empty());
        registry.add_key(path);
        const std::string folded = case_folded(path);
        for (size_t at = folded.find('\\'); at != std::string::npos; at = folded.find('\\', at)) {
            const size_t begin = ++at;
            below[folded.substr(0, begin - 1)].insert(
                folded.substr(begin, folded.find('\\', begin) - begin));
        }
    }
    const std::string asked = case_folded(any_path());
    std::set<std::string> found;
    for (const std::string_view name : registry.subkeys(asked)) {
        RC_ASSERT(found.insert(case_folded(name)).second);
    }
    RC_ASSERT(found == below[asked]);
}

// Against a map of maps, over what is added and taken away in any order.
RC_GTEST_PROP(Registry, HoldsWhatAPlainMapWouldHold, ()) {
    Registry registry;
    std::map<std::string, std::map<std::string, std::string>> shadow;
    const auto add_key = [&shadow](const std::string& path) {
        for (size_t at = path.find('\\'); at != path.npos; at = path.find('\\', at + 1)) {
            shadow[path.substr(0, at)];
        }
        shadow[path];
    };
    for (int n = *rc::gen::inRange(0, 40); n > 0; --n) {
        const std::string path = any_path(), folded = case_folded(path);
        const auto name = *rc::gen::element<std::string>("", "v", "V", "w");
        const auto data = *rc::gen::element<std::string>("", "one", "three");
        switch (*rc::gen::inRange(0, 3)) {
            case 0:
                add_key(folded);
                registry.set_value(path, text(name, data));
                shadow[folded][case_folded(name)] = data;
                break;
            case 1:
                RC_ASSERT(registry.remove_value(path, name) ==
                          (shadow.contains(folded) && shadow[folded].erase(case_folded(name)) > 0));
                break;
            default:
                RC_ASSERT(registry.remove_key(path) == shadow.contains(folded));
                std::erase_if(shadow, [&folded](const auto& entry) {
                    return (entry.first + "\\").starts_with(folded + "\\");
                });
        }
    }
    size_t bytes = 0;
    RC_ASSERT(registry.keys().size() == shadow.size());
    for (const auto& [path, values] : shadow) {
        bytes += path.size();
        RC_ASSERT(registry.find(path)->values.size() == values.size());
        for (const auto& [name, data] : values) {
            bytes += name.size() + data.size();
            RC_ASSERT(std::get<std::string>(registry.find(path, name)->data) == data);
        }
    }
    RC_ASSERT(registry.bytes() == bytes);
    const std::string path = case_folded(any_path());
    size_t missing = shadow.size();
    add_key(path);
    missing = shadow.size() - missing;
    RC_ASSERT(registry.missing_keys(path) == missing);
}

TEST(Registry, SaysWhatIsWrongWithAKey) {
    const std::string long_part(256, 'a');
    EXPECT_EQ(key_problem(R"(HKLM\SOFTWARE\Vendor Inc.\{1-2})"), "");
    EXPECT_EQ(key_problem("HKLM\\" + long_part.substr(1)), "");
    for (const std::string& path : {std::string("HKLM"), std::string(R"(SOFTWARE\Vendor)"),
                                    std::string(R"(HKEY_LOCAL_MACHINE\SOFTWARE)"), std::string()}) {
        EXPECT_EQ(key_problem(path), R"(does not begin with HKLM\, HKCU\, HKU\, HKCR\ or HKCC\)");
    }
    for (const char* path : {R"(HKLM\)", R"(HKLM\a\\b)", R"(HKLM\a\)"}) {
        EXPECT_EQ(key_problem(path), "has an empty part") << path;
    }
    EXPECT_EQ(key_problem("HKLM\\" + long_part), "has a part of more than 255 bytes");
    EXPECT_EQ(key_problem("HKLM\\a\nb"), "has a control character");
    std::string deep = "HKLM";
    while (deep.size() <= 1024) {
        deep += "\\a";
    }
    EXPECT_EQ(key_problem(deep), "is longer than 1,024 bytes");
}

}  // namespace
}  // namespace firebreak::host
