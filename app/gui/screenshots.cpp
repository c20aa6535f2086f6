#include "gui/screenshots.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QPixmap>
#include <QPushButton>
#include <QTimer>
#include <system_error>
#include <utility>

#include "gui/main_window.h"
#include "gui/theme.h"
#include "gui/trial_result_view.h"
#include "gui/words.h"
#include "gui/workbench_pane.h"
#include "models/working_copy.h"

namespace firebreak::gui {

namespace {

using State = bridge::RunSession::State;

constexpr std::pair<int, int> kSizes[] = {{1280, 720}, {1920, 1080}, {3840, 2160}};
constexpr int kSettle_ms = 700;  // what panes put off until nothing more comes

void settle(int ms) {
    QEventLoop loop;
    QTimer::singleShot(ms, &loop, &QEventLoop::quit);
    loop.exec();
}

// The problem, if there was one.
QString run_to_end(Desk& desk, const std::filesystem::path& scenario) {
    QEventLoop loop;
    QString problem;
    QObject::connect(&desk, &Desk::problem, &loop,
                     [&](const QString& what, const QString& where, const QString& remedy) {
                         problem =
                             where + QStringLiteral(": ") + what + QStringLiteral("; ") + remedy;
                         loop.quit();
                     });
    QObject::connect(&desk.session(), &bridge::RunSession::state_changed, &loop,
                     [&loop](State state) {
                         if (state == State::kEnded || state == State::kFailed) {
                             loop.quit();
                         }
                     });
    if (desk.run(scenario)) {
        loop.exec();
    }
    return problem;
}

// A rule that does not compile, beside the rules without it.
void try_content(MainWindow& window) {
    auto* workbench = window.findChild<WorkbenchPane*>();
    auto* result = window.findChild<TrialResultView*>();
    const auto good =
        models::content_fixtures(window.desk().places().fixtures, content::Feed::kDatasetA);
    if (good.empty()) {
        return;
    }
    workbench->open(good.front().feed, good.front().folder);
    for (const auto& entry : workbench->copy().entries()) {
        if (entry.name == "scripts.yar") {
            const std::string slip = "\nrule Script_Slip { condition: any of ($starts*) }\n";
            workbench->copy().set(entry.name,
                                  base::bytes_of(std::string(base::text_of(*entry.bytes)) + slip));
        }
    }
    workbench->run();
    while (result->headline().isEmpty()) {
        settle(50);
    }
}

base::Status save(QWidget& widget, const std::filesystem::path& file) {
    if (!widget.grab().save(words(file.string()))) {
        return base::Error{"cannot write the picture", file.string(),
                           "name a folder that you may write to"};
    }
    return {};
}

}  // namespace

base::Result<int> take_screenshots(const Desk::Places& places,
                                   const std::filesystem::path& scenario,
                                   const std::filesystem::path& folder) {
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    if (failure) {
        return base::Error{"cannot make the folder: " + failure.message(), folder.string(),
                           "name another"};
    }
    int count = 0;
    MainWindow window(places, true);
    const auto shoot = [&](const std::string& state) -> base::Status {
        for (const Theme theme : {Theme::kLight, Theme::kDark}) {
            apply(theme);
            for (const auto& [width, height] : kSizes) {
                window.resize(width, height);
                window.reset_layout();
                settle(kSettle_ms);
                const std::string tail = std::string(theme == Theme::kDark ? "dark" : "light") +
                                         "-" + std::to_string(width) + "x" +
                                         std::to_string(height) + ".png";
                FB_CHECK(save(window, folder / (state + "-" + tail)));
                ++count;
                for (QDockWidget* pane : window.panes()) {
                    if (state != "window") {
                        break;
                    }
                    pane->raise();
                    settle(50);
                    if (auto* go = pane->findChild<QPushButton*>(QStringLiteral("workbench_go"))) {
                        go->click();  // to the line, which is then in the middle
                        settle(50);
                    }
                    const std::string name = pane->objectName().mid(5).toStdString();  // "pane-"
                    FB_CHECK(save(*pane->widget(), folder / (name + "-" + tail)));
                    ++count;
                }
            }
        }
        return {};
    };
    window.show();
    FB_CHECK(shoot("empty"));
    if (const QString problem = run_to_end(window.desk(), scenario); !problem.isEmpty()) {
        return base::Error{problem.toStdString(), "", ""};
    }
    try_content(window);
    FB_CHECK(shoot("window"));
    return count;
}

}  // namespace firebreak::gui
