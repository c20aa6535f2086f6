// The two strips that all charts of a pane share: flags above them, the time axis below.
#pragma once

#include <QWidget>
#include <optional>
#include <vector>

#include "gui/time_scale.h"
#include "models/plan.h"

QT_BEGIN_NAMESPACE
class QPainter;
QT_END_NAMESPACE

namespace firebreak::gui {

struct RailFlag {
    base::SimTime at;
    char letter = 'R';
    QString text;
    bool planned = false;  // has not happened yet
};

// The letters on their colour; planned ones as an outline.
void draw_flag(QPainter& painter, const QRectF& where, const QString& letters, bool planned);

// R release, P promotion, F fault, H halt, X fix and so on; those that would overlap stand
// together.
class FlagRail final : public QWidget {
    Q_OBJECT

  public:
    explicit FlagRail(QWidget* parent = nullptr);

    void set_flags(std::vector<RailFlag> flags);  // in order of time
    void set_scale(const TimeScale& scale);
    void set_pointed(std::optional<base::SimTime> at);
    void draw(QPainter& painter) const;
    QSize sizeHint() const override;
    // What stands at a pixel: "HX", with each flag's text; nothing if there is none.
    QString letters_at(int x) const;
    QString text_at(int x) const;

  Q_SIGNALS:
    void clicked(base::SimTime at);

  protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    bool event(QEvent* event) override;

  private:
    struct Cluster {
        double x = 0, width = 0;
        QString letters;
        bool planned = true;  // all of them
        std::vector<size_t> flags;
    };
    void cluster();
    const Cluster* cluster_at(int x) const;

    std::vector<RailFlag> flags_;
    std::vector<Cluster> clusters_;
    TimeScale scale_;
    std::optional<base::SimTime> pointed_;
};

// Ticks, and the moment that panes show; a click or a drag goes to another one.
class TimeAxis final : public QWidget {
    Q_OBJECT

  public:
    explicit TimeAxis(QWidget* parent = nullptr);
    void set_scale(const TimeScale& scale);
    void set_moments(base::SimTime shown, base::SimTime reached, bool back);
    void draw(QPainter& painter) const;
    QSize sizeHint() const override;

  Q_SIGNALS:
    void scrubbed(base::SimTime at);
    void released();  // by a double click: on with the newest

  protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

  private:
    TimeScale scale_;
    base::SimTime shown_, reached_;
    bool back_ = false;
};

}  // namespace firebreak::gui
