#include "host/persona.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/random.h"
#include "host/online_pattern.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::host {
namespace {

constexpr std::string_view kValid = R"(schema = 1
title = "Office laptop"
windows_build = "10.0.19045.4529"
[online]
pattern = "office"
[[file]]
path = 'D:\logs\b.log'
fill = { head = "head\n", byte = "x", count = 3 }
opens_per_hour = 0.5
[[file]]
path = 'C:\Windows\a.exe'
hex = "4d 5A\n00"
system = true
loss = "boot"
[[file]]
path = 'C:\Users\ana\B.csv'
text = '''
a;b
'''
opens_per_hour = 2
[[sample]]
name = "note.txt"
text = "pay"
[[sample]]
name = "Dropper.exe"
hex = "4d5a"
[[driver]]
name = "wifi.sys"
version = "22.200.0.6"
[[driver]]
name = "e1d68x64.sys"
version = "12.19.2.45"
)";

constexpr const char* kFile = "personas/some-name.toml";

base::Result<Persona> parse(std::string_view text) {
    return parse_persona(text, kFile);
}

base::Result<Persona> parse_changed(std::string_view from, std::string_view to) {
    std::string text(kValid);
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return parse(text.replace(at, from.size(), to));
}

TEST(Personas, AreReadWhole) {
    ASSERT_OK_AND(const Persona persona, parse(std::string(kValid)));
    EXPECT_EQ(persona.name, "some-name");
    EXPECT_EQ(persona.title, "Office laptop");
    EXPECT_EQ(persona.windows_build, "10.0.19045.4529");
    EXPECT_EQ(persona.online, online_pattern(OnlineKind::kOffice));
    ASSERT_EQ(persona.files.size(), 3u);
    EXPECT_EQ(persona.files[0].path, R"(C:\Users\ana\B.csv)");  // sorted by path
    EXPECT_EQ(base::text_of(*persona.files[0].content), "a;b\n");
    EXPECT_EQ(persona.files[0].opens_per_hour, 2);
    EXPECT_FALSE(persona.files[0].system);
    EXPECT_EQ(*persona.files[1].content, (base::Bytes{0x4d, 0x5a, 0}));
    EXPECT_TRUE(persona.files[1].system);
    EXPECT_EQ(persona.files[0].loss, Loss::kNothing);
    EXPECT_EQ(persona.files[1].loss, Loss::kBoot);
    EXPECT_EQ(persona.files[1].opens_per_hour, 0);
    EXPECT_EQ(base::text_of(*persona.files[2].content), "head\nxxx");
    for (const File& file : persona.files) {
        EXPECT_EQ(file.sha384, base::sha384(*file.content));
    }
}

TEST(Personas, NameSamplesAndDriversInOrder) {
    ASSERT_OK_AND(const Persona persona, parse(std::string(kValid)));
    ASSERT_EQ(persona.samples.size(), 2u);
    EXPECT_EQ(persona.samples[0].name, "Dropper.exe");
    EXPECT_EQ(*persona.samples[0].content, (base::Bytes{0x4d, 0x5a}));
    EXPECT_EQ(persona.samples[1].name, "note.txt");
    EXPECT_EQ(base::text_of(*persona.samples[1].content), "pay");
    EXPECT_EQ(persona.samples[1].sha384, base::sha384(*persona.samples[1].content));
    ASSERT_EQ(persona.drivers.size(), 2u);
    EXPECT_EQ(persona.drivers[0].name, "e1d68x64.sys");
    EXPECT_EQ(persona.drivers[0].version, "12.19.2.45");
    EXPECT_EQ(persona.drivers[1].name, "wifi.sys");
}

TEST(Personas, NeedNoFiles) {
    const std::string_view head = kValid.substr(0, kValid.find("[[file]]"));
    ASSERT_OK_AND(const Persona persona, parse(std::string(head)));
    EXPECT_TRUE(persona.files.empty());
    EXPECT_TRUE(persona.samples.empty());
    EXPECT_TRUE(persona.drivers.empty());
}

TEST(Personas, SortPathsAsWindowsComparesThem) {
    std::string text(kValid.substr(0, kValid.find("[[file]]")));
    for (const char* name : {"b", "_", "A", "C"}) {
        text += std::string("[[file]]\npath = 'C:\\") + name + "'\ntext = \"\"\n";
    }
    ASSERT_OK_AND(const Persona persona, parse(text));
    std::string order;
    for (const File& file : persona.files) {
        order += file.path.back();
    }
    EXPECT_EQ(order, "_AbC");
}

// What is changed, and what the error must say.
TEST(Personas, NameEveryMistakeWithPlaceAndRemedy) {
    const struct {
        const char* from;
        const char* to;
        const char* error;
    } cases[] = {
        {"schema = 1", "schema = 2",
         ":1:10: this is not a schema that we read; write `schema = 1`"},
        {"schema = 1\n", "", ":1:1: `schema` is missing; write `schema = 1`"},
        {"title", "titel",
         ":2:1: unknown key `titel`; did you mean `title`? valid keys: schema, title, "
         "windows_build, online, file, sample, process, stream, driver, program, service, "
         "component, registry, event"},
        {"Office laptop", "a\\tb", ":2:9: `title` must be one line of text"},
        {"10.0.19045.4529", "Windows 11",
         ":3:17: `Windows 11` is no Windows build; write four numbers, such as "
         "\"10.0.19045.4529\""},
        {"10.0.19045.4529", "10.0.19045", ":3:17: `10.0.19045` is no Windows build"},
        {"10.0.19045.4529", "10..19045.1", "is no Windows build"},
        {"10.0.19045.4529", ".0.19045.1", "is no Windows build"},
        {"[online]\npattern = \"office\"\n", "",
         "`online` is missing; add a table [online] with pattern = \"office\""},
        {"pattern = \"office\"", "pattern = \"home\"",
         ":5:11: `pattern` cannot be `home`; valid: always, office, roaming"},
        {"pattern", "patern",
         ":5:1: unknown key `patern`; did you mean `pattern`? valid keys: pattern"},
        {"opens_per_hour = 0.5", "opens_an_hour = 0.5",
         ":9:1: unknown key `opens_an_hour`; did you mean `opens_per_hour`? valid keys: path, "
         "text, hex, fill, system, loss, opens_per_hour"},
        {"'D:\\logs\\b.log'", "\"D:/logs/b.log\"",
         ":7:8: the path `D:/logs/b.log` does not begin with a drive, such as C:\\; write it as "
         "'C:\\Users\\ana\\report.txt', in single quotes"},
        {"'D:\\logs\\b.log'", "'D:\\a?b'",
         ":7:8: the path `D:\\a?b` has a character that Windows forbids"},
        {"'D:\\logs\\b.log'", "'c:\\WINDOWS\\A.exe'",
         ":10:1: a second file is called `C:\\Windows\\a.exe`; the first is at "},
        {"text = '''\na;b\n'''\n", "",
         ":15:1: a file without content; add `text`, `hex` or `fill`"},
        {"system = true\nloss = \"boot\"", "text = \"\"",
         ":12:1: `hex` does not apply beside the content that the file has already; remove it"},
        {"4d 5A", "4d 5", ":12:7: `hex` is "},
        {"4d 5A", "4d 5G", ":12:7: `hex` is not hexadecimal; write pairs of the digits"},
        {"head =", "haed =",
         ":8:10: unknown key `haed`; did you mean `head`? valid keys: head, byte, count"},
        {"byte = \"x\"", "byte = \"xy\"",
         ":8:34: `byte` must be one ASCII character; such as \"a\""},
        {"byte = \"x\"", "byte = \"\"", "`byte` must be one ASCII character"},
        {"byte = \"x\"", "byte = \"é\"", "`byte` must be one ASCII character"},
        {"count = 3", "count = 0", ":8:47: `count` is out of range: 0"},
        {"count = 3", "count = 16_777_217", "`count` is out of range: 16,777,217"},
        {"count = 3", "count = 16_777_216",
         ":8:47: what stands in this persona holds more than 16 MiB; a simulated machine "
         "is kept in "
         "memory: make them smaller"},
        {"opens_per_hour = 2", "opens_per_hour = -1",
         ":20:18: `opens_per_hour` is out of range: -1; write a number from 0 and at most 3600"},
        {"opens_per_hour = 2", "opens_per_hour = nan", "`opens_per_hour` is out of range: nan"},
        {"system = true", "system = 1", ":13:10: `system` must be true or false"},
        {"system = true\n", "",
         ":13:8: `loss` of a file that is no part of Windows; add `system = true`, or remove it"},
        {"\"boot\"", "\"boots\"",
         ":14:8: `loss` cannot be `boots`; did you mean `boot`? valid: nothing, network, boot"},
        {"text = \"pay\"\n", "", ":21:1: a sample without content; add `text`, `hex` or `fill`"},
        {"hex = \"4d5a\"", "hex = \"4d5a\"\ntext = \"x\"",
         ":26:1: `hex` does not apply beside the content that the sample has already"},
        {"\"Dropper.exe\"", "\"NOTE.txt\"",
         ":24:1: a second sample is called `NOTE.txt`; the first is at "
         "personas/some-name.toml:21:1; "
         "Windows ignores case"},
        {"\"note.txt\"", "'a\\b'",
         ":22:8: `a\\b` is no file name; write one that Windows takes, such as \"eicar.com\""},
        {"\"note.txt\"", "\"\"", ":22:8: `` is no file name"},
        {"\"note.txt\"", "\"con\"", ":22:8: `con` is no file name"},
        {"\"wifi.sys\"", "\"E1D68x64.sys\"", "a second driver is called `e1d68x64.sys`"},
        {"\"wifi.sys\"", "\"wi:fi.sys\"",
         "`wi:fi.sys` is no file name; write one that Windows takes, such as \"e1d68x64.sys\""},
        {"22.200.0.6", "22.200",
         ":29:11: `22.200` is no version of a driver; write four numbers, such as \"12.19.2.45\""},
        {"version = \"22.200.0.6\"\n", "", ":27:1: `version` is missing; add `version = …`"},
        {"[online]", "[online", ":4:8: "},
    };
    for (const auto& [from, to, error] : cases) {
        SCOPED_TRACE(std::string(from) + " -> " + to);
        EXPECT_ERROR(parse_changed(from, to), error);
        EXPECT_ERROR(parse_changed(from, to), "some-name.toml:");
    }
}

TEST(Personas, MayFillSixteenMebibytesInAllAndNoMore) {
    std::string text(kValid.substr(0, kValid.find("[[file]]")));
    const auto file = [](int i, int count) {
        return "[[file]]\npath = 'C:\\" + std::to_string(i) +
               "'\nfill = { byte = \"a\", count = " + std::to_string(count) + " }\n";
    };
    text += file(1, 8 * 1024 * 1024) + file(2, 8 * 1024 * 1024);
    ASSERT_OK(parse(text));
    EXPECT_ERROR(parse(text + "[[sample]]\nname = 'a'\ntext = 'a'\n"), "holds more than 16 MiB");
    EXPECT_ERROR(parse(text + file(3, 1)), "what stands in this persona holds more than 16 MiB");
}

TEST(Personas, MayHoldTenThousandFilesAndNoMore) {
    std::string text(kValid.substr(0, kValid.find("[[file]]")));
    for (int i = 0; i < 10'000; ++i) {
        text += "[[file]]\npath='C:\\" + std::to_string(i) + "'\ntext=''\n";
    }
    ASSERT_OK_AND(const Persona persona, parse(text));
    EXPECT_EQ(persona.files.size(), 10'000u);
    EXPECT_ERROR(parse(text + "[[file]]\npath='C:\\x'\ntext=''\n"),
                 "10,001 files; a persona has at most 10,000");
}

TEST(Personas, AreRegularTextFiles) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "a.toml";
    std::ofstream(file) << kValid;
    ASSERT_OK_AND(const Persona persona, load_persona(file));
    EXPECT_EQ(persona.name, "a");
    EXPECT_EQ(persona.files.size(), 3u);
    std::filesystem::resize_file(file, 100 * 1024 * 1024);
    EXPECT_ERROR(load_persona(file), "a.toml: larger than 1048576 bytes");
    EXPECT_ERROR(load_persona(folder.path()), "not a regular file");
    EXPECT_ERROR(load_persona(folder.path() / "none.toml"), "No such file");
    EXPECT_ERROR(parse(""), "the file is empty");
    EXPECT_ERROR(parse(std::string("MZ\0", 3)), "not a text file");
    EXPECT_ERROR(parse("schema = 1\ntitle = \"\xff\"\n"), "save it as UTF-8 text");
}

TEST(Personas, SurviveMutations) {
    const base::RandomStream draws(7, base::Stream::kMutation);
    int accepted = 0;
    for (uint64_t round = 0; round < 6000; ++round) {
        std::string text(kValid);
        const uint64_t changes = 1 + draws.below(3, round);
        for (uint64_t i = 1; i <= changes; ++i) {
            const size_t at = draws.below(text.size(), round, i * 4);
            if (draws.below(2, round, i * 4 + 1) == 0) {
                text[at] = static_cast<char>(draws.below(256, round, i * 4 + 2));
            } else {
                text.erase(at, 1 + draws.below(10, round, i * 4 + 3));
            }
            text += text.empty() ? "x" : "";
        }
        const auto result = parse(text);
        if (!result.ok()) {
            ASSERT_NE(result.error().place.find("some-name.toml"), std::string::npos) << round;
            continue;
        }
        ++accepted;
        for (const File& file : result->files) {
            ASSERT_EQ(file.sha384, base::sha384(*file.content)) << round;
        }
    }
    EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace firebreak::host
