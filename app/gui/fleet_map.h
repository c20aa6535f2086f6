// The fleet at one moment: a tile for each release group, a cell for each endpoint or for many.
#pragma once

#include <QPixmap>
#include <QString>
#include <QTimer>
#include <QWidget>
#include <memory>
#include <optional>
#include <vector>

#include "gui/desk.h"
#include "gui/fleet_colouring.h"
#include "gui/fleet_layout.h"

namespace firebreak::gui {

// Paints a picture that is made anew when the data, the size or the view change, not when the
// pointer moves. A click, or Enter, selects the group and, of a cell that is one endpoint, that.
class FleetMap final : public QWidget {
    Q_OBJECT

  public:
    explicit FleetMap(Desk& desk, QWidget* parent = nullptr);

    ColourBy colour_by() const { return by_; }
    void set_colour_by(ColourBy by);
    // What is shown; null: there is no run.
    const lab::Snapshot* fleet() const { return fleet_.get(); }

    void zoom_by(double factor, QPointF about);
    void zoom_in();
    void zoom_out();
    void show_all();
    double zoom() const { return zoom_; }

    // A cell, by group and by its number among those drawn.
    struct CellId {
        size_t group = 0;
        int index = 0;
        friend bool operator==(const CellId&, const CellId&) = default;
    };
    std::optional<CellId> cell_at(QPointF where) const;
    QRectF rect_of(CellId cell) const;  // as it is seen
    lab::Cell cell(CellId cell) const;
    // The endpoints of a cell: the first one's number, and how many.
    std::pair<uint32_t, uint32_t> endpoints_of(CellId cell) const;
    std::optional<CellId> cursor() const { return cursor_; }
    // In words: exact numbers, a line each.
    QString words_of(CellId cell) const;

    QSize sizeHint() const override { return {640, 400}; }
    QSize minimumSizeHint() const override { return {240, 160}; }

  Q_SIGNALS:
    void pointed(const QString& words);  // at a cell; empty: at none
    void changed();                      // what is shown

  protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;
    bool event(QEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;

  private:
    void refresh();
    void note_view_changed();
    void lay_out();
    bool is_coarse() const;  // there are counts alone, no cells
    QRectF seen(const QRectF& rect) const;
    QPointF in_layout(QPointF where) const { return (where + offset_) / zoom_; }
    std::optional<size_t> group_at(QPointF where) const;
    std::optional<CellId> cell_of_endpoint(uint32_t endpoint) const;
    void select_at(QPointF where);
    void select(CellId cell);
    void move_cursor(int key);
    void set_cursor(CellId cell);
    void point_at(std::optional<CellId> cell);

    void make_picture();
    void draw_cells(QPainter& painter, size_t group) const;
    void draw_gaps(QPainter& painter, const FleetTile& tile) const;
    void draw_marks(QPainter& painter, size_t group) const;
    void draw_cell_texts(QPainter& painter, size_t group) const;
    void draw_shares(QPainter& painter, size_t group) const;
    void draw_label(QPainter& painter, size_t group) const;
    void draw_outline(QPainter& painter, const QRectF& rect, const QColor& colour) const;

    Desk& desk_;
    ColourBy by_ = ColourBy::kHealth;
    std::shared_ptr<const lab::Snapshot> fleet_;
    std::vector<FleetTile> tiles_;
    std::vector<std::vector<Shade>> shades_;  // of the cells drawn, by group
    QPixmap picture_;
    bool stale_ = true;
    QTimer wait_;  // between two refreshes

    double zoom_ = 1;
    QPointF offset_;  // of the view within the zoomed layout
    std::optional<QPoint> pressed_;
    QPointF offset_when_pressed_;
    bool panned_ = false;
    std::optional<CellId> cursor_, pointed_;
};

}  // namespace firebreak::gui
