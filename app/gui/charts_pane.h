// Charts of the run as a column of small multiples over one axis of simulated time.
#pragma once

#include <QTimer>
#include <QWidget>
#include <array>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/result.h"
#include "checks/flag_letters.h"
#include "gui/chart_panel.h"
#include "gui/desk.h"
#include "gui/flag_rail.h"

QT_BEGIN_NAMESPACE
class QLabel;
class QScrollArea;
class QStackedLayout;
class QToolBar;
QT_END_NAMESPACE

namespace firebreak::gui {

// Follows the selection's group. Zooming changes what this pane shows and nothing else; a click, or
// the filter button, changes the selection. Its actions() are also in its context menu.
class ChartsPane final : public QWidget {
    Q_OBJECT

  public:
    explicit ChartsPane(Desk& desk, QWidget* parent = nullptr);
    ~ChartsPane() override;

    // The stretch of time that is to be seen.
    models::Selection::TimeRange seen() const;
    void zoom_to(base::SimTime begin, base::SimTime end);
    void show_all();
    // To what happened: without the quiet time after it.
    void show_events();
    void filter_to_seen();

    bool is_shown(models::ChartKind kind) const;
    void set_shown(models::ChartKind kind, bool shown);
    const ChartPanel& panel(models::ChartKind kind) const;

    // What is to be seen, a line per step: "chart,group,line,time,seconds,value".
    QString csv() const;
    // All charts that are shown, also those that are scrolled away. Errors: the file cannot be
    // written.
    base::Status export_png(const std::filesystem::path& file);
    base::Status export_pdf(const std::filesystem::path& file);

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void changeEvent(QEvent* event) override;

  private:
    void build();
    void build_panels();
    void build_choice();
    void build_actions();
    void build_exports();
    QAction* add(const char* name, const QString& text, const QList<QKeySequence>& keys,
                 const QString& tip);
    void restart();
    void refresh();  // everything, now
    void refresh_soon();
    void place();  // what lies where: after another size or zoom
    void mark();   // lines over all panels
    void read_flags();
    void point_at(std::optional<base::SimTime> at);
    void select_around(base::SimTime at);
    void zoom_by(base::SimTime around, double factor);
    void pan(double share);
    void move_pointer(int64_t steps);
    base::SimTime last() const;  // where the axis ends, unless zoomed
    int32_t group() const;
    QString scope() const;
    QSize drawing_size() const;
    void draw_all(QPainter& painter);
    void ask_and_export(const QString& suffix);
    void enable_actions();

    Desk& desk_;
    QTimer refresh_timer_;
    QStackedLayout* pages_ = nullptr;
    QToolBar* bar_ = nullptr;
    QLabel* range_ = nullptr;
    FlagRail* rail_ = nullptr;
    TimeAxis* axis_ = nullptr;
    QScrollArea* scroll_ = nullptr;
    std::array<ChartPanel*, models::kChartKinds.size()> panels_{};
    std::array<QAction*, models::kChartKinds.size()> choices_{};
    QAction *log_ = nullptr, *filter_ = nullptr, *unfilter_ = nullptr;
    std::vector<QAction*> needs_run_;

    checks::FlagReader reader_;
    size_t read_ = 0;  // entries of the timeline
    std::vector<RailFlag> flags_;
    std::vector<models::PlannedEntry> plan_;
    std::optional<models::Selection::TimeRange> zoom_;
    std::optional<base::SimTime> pointed_;
    TimeScale scale_;
};

}  // namespace firebreak::gui
