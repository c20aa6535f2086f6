// firebreak-gui: the desktop lab.
#include <QApplication>
#include <QCommandLineParser>
#include <QSettings>
#include <QTimer>
#include <cstdio>
#include <filesystem>

#include "gui/main_window.h"
#include "gui/screenshots.h"
#include "gui/theme.h"
#include "gui/words.h"
#include "places/places.h"

namespace {

using namespace firebreak;

constexpr int kInternalError = 3;  // as the command line's
constexpr int kUsage = 4;

int complain(const base::Error& error, int code) {
    std::fprintf(stderr, "firebreak: %s\n", error.text().c_str());
    return code;
}

base::Result<gui::Desk::Places> find_places() {
    gui::Desk::Places found;
    std::error_code ignored;
    FB_TRY(found.fixtures, places::find_fixtures(std::filesystem::current_path(ignored)));
    found.scenarios = places::project_scenarios();
    found.worker = places::worker_binary();
    found.runs = "runs";
    return found;
}

// Pictures need no display.
bool wants_pictures(int count, char** arguments) {
    for (int i = 1; i < count; ++i) {
        if (std::string_view(arguments[i]).starts_with("--screenshots")) {
            return true;
        }
    }
    return false;
}

}  // namespace

int main(int count, char** arguments) {
    if (wants_pictures(count, arguments)) {
        qputenv("QT_QPA_PLATFORM", "offscreen");
    }
    QApplication application(count, arguments);
    QApplication::setOrganizationName(QStringLiteral("Firebreak"));
    QApplication::setApplicationName(QStringLiteral("Firebreak"));
    QCommandLineParser parser;
    parser.setApplicationDescription(
        QApplication::translate("main", "Runs a scenario, shows how far a failure got, and why."));
    parser.addHelpOption();
    const QCommandLineOption pictures(
        QStringLiteral("screenshots"),
        QApplication::translate("main", "Writes pictures of the window and its panes, and ends."),
        QStringLiteral("folder"));
    parser.addOption(pictures);
    parser.addPositionalArgument(
        QStringLiteral("file"),
        QApplication::translate("main", "A scenario (.toml) to run, or a run (.run) to show."),
        QStringLiteral("[file]"));
    parser.process(application);
    auto found = find_places();
    if (!found.ok()) {
        return complain(found.error(), kUsage);
    }
    const QStringList named = parser.positionalArguments();
    const std::filesystem::path file = named.isEmpty() ? "" : named.front().toStdString();
    if (parser.isSet(pictures)) {
        const auto scenario =
            file.empty() ? found->scenarios / "fast/rare-trigger-escapes.toml" : file;
        const auto taken =
            gui::take_screenshots(*found, scenario, parser.value(pictures).toStdString());
        if (!taken.ok()) {
            return complain(taken.error(), kInternalError);
        }
        std::printf("%d pictures in %s\n", *taken, parser.value(pictures).toUtf8().constData());
        return 0;
    }
    gui::apply(static_cast<gui::Theme>(QSettings().value(QStringLiteral("theme"), 0).toInt()));
    gui::MainWindow window(*found);
    window.show();
    if (!file.empty()) {
        QTimer::singleShot(0, &window, [&window, file] {
            file.extension() == ".run" ? window.desk().open_run(file) : window.desk().run(file);
        });
    }
    return QApplication::exec();
}
