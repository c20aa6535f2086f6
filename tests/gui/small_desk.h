// A desk over tiny fixtures, for tests of panes with the real engine.
#pragma once

#include <gtest/gtest.h>

#include <QTest>
#include <fstream>
#include <string>

#include "gui/desk.h"
#include "support/small_lab.h"

namespace firebreak::gui {

class SmallDesk {
  public:
    SmallDesk() : desk(places()) {}

    // Two days of sixty endpoints; a release whose rules kill the scanner at 02:00, a promotion
    // that comes too late at 1 d 12 h.
    std::filesystem::path bad_release() {
        return write("bad", std::string(test::kOneGroup) + test::kTinyBaseline +
                                test::release("bad", "dies", "at = \"2h\"") +
                                "[[act]]\nat = \"1d 12h\"\nhalt = \"bad\"\n");
    }
    std::filesystem::path write(const std::string& name, const std::string& text) {
        std::filesystem::path file = desk.places().scenarios / (name + ".toml");
        std::ofstream(file) << text;
        return file;
    }
    bool wait_for(bridge::RunSession::State state) {
        return QTest::qWaitFor([&] { return desk.session().state() == state; }, 60'000);
    }

  private:
    Desk::Places places() {
        const lab::Options options = fixtures_.options();
        const std::filesystem::path scenarios = options.fixtures / "scenarios";
        std::filesystem::create_directory(scenarios);
        std::filesystem::create_directory_symlink(options.fixtures / "rules", scenarios / "rules");
        std::filesystem::create_directory(options.fixtures / "runs");
        return {options.fixtures, scenarios, options.worker, options.fixtures / "runs"};
    }
    test::SmallFixtures fixtures_;

  public:
    Desk desk;  // last: its engine uses the fixtures
};

}  // namespace firebreak::gui
