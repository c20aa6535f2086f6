#include "host/windows_path.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace firebreak::host {
namespace {

TEST(WindowsPath, MayBeAnyFileOfADrive) {
    for (const char* good :
         {R"(C:\a)", R"(z:\Users\ana\budget 2026 (final).csv)", R"(C:\.git\config)",
          R"(D:\logs\gateway.log.1)", R"(C:\Grüße\日本.txt)", R"(C:\console\comma\nulls\com10)",
          R"(C:\a'b;c,d=e+f[g]{h}~!@#$%^&)"}) {
        EXPECT_EQ(path_problem(good), "") << good;
    }
    EXPECT_EQ(path_problem("C:\\" + std::string(256, 'a')), "");
}

TEST(WindowsPath, MustBeginWithADrive) {
    for (const char* bad : {"", "a", "C:", R"(C:\)", "C:/a", "C:a", R"(\\host\share\a)", R"(\a)",
                            "/etc/passwd", R"(1:\a)", R"(CC:\a)", R"(ä:\a)"}) {
        EXPECT_EQ(path_problem(bad), "does not begin with a drive, such as C:\\") << bad;
    }
}

TEST(WindowsPath, HasPartsThatWindowsAllows) {
    const std::pair<std::string, std::string> cases[] = {
        {R"(C:\a\\b)", "has an empty part"},
        {R"(C:\a\)", "has an empty part"},
        {R"(C:\a\..\b)", "has a part that ends in a dot or a blank"},
        {R"(C:\a\.\b)", "has a part that ends in a dot or a blank"},
        {R"(C:\a.)", "has a part that ends in a dot or a blank"},
        {R"(C:\a \b)", "has a part that ends in a dot or a blank"},
        {R"(C:\NUL)", "has a part that names a device"},
        {R"(C:\a\con.txt)", "has a part that names a device"},
        {R"(C:\Com1\a)", "has a part that names a device"},
        {"C:\\" + std::string(257, 'a'), "is longer than 259 bytes"},
    };
    for (const auto& [path, problem] : cases) {
        EXPECT_EQ(path_problem(path), problem) << path;
    }
    for (const char c : std::string("<>:\"/|?*\n\x1b\x7f") + '\0') {
        EXPECT_EQ(path_problem(std::string("C:\\a") + c + "b").substr(0, 15), "has a character")
            << static_cast<int>(c);
    }
}

TEST(WindowsPath, FoldsTheCaseOfAsciiAlone) {
    EXPECT_EQ(case_folded(R"(C:\Users\ÄNA\Z.TXT)"), R"(c:\users\Äna\z.txt)");
}

RC_GTEST_PROP(WindowsPath, AnyTextIsJudged, (const std::string& text)) {
    const std::string path = "C:\\" + text;
    if (path_problem(path).empty()) {
        RC_ASSERT(path.size() >= 4u && path.size() <= 259u);
        RC_ASSERT(path.find_first_of("<>\"/|?*") == std::string::npos);
        RC_ASSERT(path.find("\\\\") == std::string::npos);
        RC_ASSERT(path.back() != '\\' && path.back() != '.' && path.back() != ' ');
    }
    RC_ASSERT(case_folded(case_folded(path)) == case_folded(path));
    RC_ASSERT(path_problem(case_folded(path)) == path_problem(path));
}

}  // namespace
}  // namespace firebreak::host
