// A folder of small scenarios with all that it takes to run them, and a desk over it.
#pragma once

#include <gtest/gtest.h>

#include <QTest>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "gui/desk.h"
#include "support/small_lab.h"

namespace firebreak::gui {

// Sixty endpoints and half a simulated day: a run takes a second or less.
inline std::string small_scenario(const std::string& title, const std::string& more) {
    std::string text = test::kOneGroup + std::string(test::kTinyBaseline);
    text.replace(text.find("one group"), 9, title);
    text.replace(text.find("\"2d\""), 4, "\"12h\"");
    return text + more;
}

// Affects nobody; expects so.
inline std::string good_scenario() {
    return small_scenario("All is well", "[[expect]]\nmetric = \"affected\"\nat_most = 0\n");
}
// Its rules hold a file of the user's.
inline std::string bad_scenario() {
    return small_scenario("A file is held", test::release("rules-2", "holds-file",
                                                          "at = \"1h\"\nexpedited = true\n") +
                                                "[[expect]]\nmetric = \"affected\"\nat_most = 0\n");
}

class ScenarioFolder : public testing::Test {
  protected:
    ScenarioFolder() {
        write("fast/good.toml", good_scenario());
        write("fast/bad.toml", bad_scenario());
        write("top.toml", good_scenario());
        for (const char* folder : {"", "fast"}) {
            std::filesystem::copy(fixtures_.options().fixtures / "rules", path(folder) / "rules",
                                  std::filesystem::copy_options::recursive);
        }
    }
    std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }
    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories(path(name).parent_path());
        std::ofstream(path(name), std::ios::binary) << text;
    }
    std::string read(const std::string& name) const {
        std::ostringstream out;
        out << std::ifstream(path(name), std::ios::binary).rdbuf();
        return out.str();
    }
    Desk::Places places() const {
        return {fixtures_.options().fixtures, folder_.path(), test::worker_binary(), runs_.path()};
    }
    template <class Condition>
    static bool wait_for(const Condition& condition) {
        return QTest::qWaitFor(condition, 60'000);
    }
    bool run_to_end(Desk& desk, const std::string& name) const {
        return desk.run(path(name)) && wait_for([&] {
                   return desk.session().state() == bridge::RunSession::State::kEnded;
               });
    }

    test::SmallFixtures fixtures_;
    test::TemporaryFolder folder_, runs_;
};

}  // namespace firebreak::gui
