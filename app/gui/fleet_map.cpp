#include "gui/fleet_map.h"

#include <QApplication>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "gui/words.h"

namespace firebreak::gui {

namespace {

constexpr int kMapRefresh_ms = 60;
constexpr int kOutline = 2;  // room for what is drawn around a cell at the edge
constexpr double kMostZoom = 48;
constexpr double kZoomStep = 1.25;
constexpr double kCellWithGap = 4;    // pixels from which on cells stand apart
constexpr double kCellWithMark = 6;   // from which on a mark can be told from a colour
constexpr double kCellWithText = 56;  // from which on its number has room

double label_height() {
    const QFontMetricsF name(QApplication::font());
    const QFontMetricsF count(small_font());
    return std::ceil(name.height() + count.height() + kGrid);
}

QColor text_ink(QRgb colour) {
    return qGray(colour) > 140 ? QColor(0x16191Du) : QColor(0xFFFFFFu);
}

QRectF in_sight(const QRectF& rect, const QWidget& widget) {
    return rect.intersected(QRectF(widget.rect()));
}

}  // namespace

FleetMap::FleetMap(Desk& desk, QWidget* parent) : QWidget(parent), desk_(desk) {
    setObjectName("fleet_map");
    setAccessibleName(tr("Fleet map"));
    setAccessibleDescription(
        tr("Arrow keys move from cell to cell, Enter selects, + and - zoom, Home shows all."));
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    wait_.setSingleShot(true);
    wait_.setInterval(kMapRefresh_ms);
    connect(&wait_, &QTimer::timeout, this, &FleetMap::refresh);
    const auto later = [this] {
        if (!wait_.isActive()) {
            wait_.start();
        }
    };
    connect(&desk_.store(), &models::RunStore::grown, this, later);
    connect(&desk_.store(), &models::RunStore::shown_changed, this, &FleetMap::refresh);
    connect(&desk_.store(), &models::RunStore::restarted, this, [this] {
        cursor_.reset();
        show_all();
        refresh();
    });
    connect(&desk_.selection(), &models::Selection::changed, this, &FleetMap::note_view_changed);
    refresh();
}

void FleetMap::set_colour_by(ColourBy by) {
    by_ = by;
    refresh();
}

// --- data

void FleetMap::refresh() {
    fleet_.reset();
    if (!desk_.store().empty()) {
        fleet_ = desk_.store().shown_snapshot();
        if (fleet_ == nullptr) {
            fleet_ = std::make_shared<const lab::Snapshot>(
                counts_of(desk_.store().run(), desk_.store().shown()));
        }
    }
    lay_out();
    const Colours now = colours();
    shades_.assign(tiles_.size(), {});
    for (size_t group = 0; group < tiles_.size(); ++group) {
        shades_[group].reserve(static_cast<size_t>(tiles_[group].cells));
        for (int index = 0; index < tiles_[group].cells; ++index) {
            shades_[group].push_back(shade_of(cell({group, index}), by_, now));
        }
    }
    note_view_changed();
    if (pointed_) {
        point_at(*pointed_);  // its numbers may be others now
    }
    Q_EMIT changed();
}

void FleetMap::note_view_changed() {
    stale_ = true;
    update();
}

void FleetMap::lay_out() {
    std::vector<FleetShare> shares;
    if (fleet_ != nullptr) {
        for (const lab::GroupSnapshot& group : fleet_->groups) {
            shares.push_back({group.endpoints, static_cast<int>(group.cells.size())});
        }
    }
    const QSizeF area(std::max(1, width() - kOutline), std::max(1, height() - kOutline));
    tiles_ = lay_out_fleet(shares, area, label_height());
    for (FleetTile& tile : tiles_) {
        for (QRectF* rect : {&tile.frame, &tile.header, &tile.raster}) {
            rect->translate(kOutline, kOutline);
        }
    }
    const auto exists = [this](const CellId& cell) {
        return cell.group < tiles_.size() && cell.index < tiles_[cell.group].cells;
    };
    if (cursor_ && !exists(*cursor_)) {
        cursor_.reset();
    }
    if (pointed_ && !exists(*pointed_)) {
        point_at(std::nullopt);
    }
}

bool FleetMap::is_coarse() const {
    return fleet_ != nullptr && !fleet_->groups.empty() && fleet_->groups.front().cells.empty();
}

lab::Cell FleetMap::cell(CellId id) const {
    const std::vector<lab::Cell>& all = fleet_->groups[id.group].cells;
    const auto merged = static_cast<size_t>(tiles_[id.group].merged);
    const size_t begin = static_cast<size_t>(id.index) * merged;
    lab::Cell out = all[begin];
    for (size_t i = begin + 1; i < std::min(begin + merged, all.size()); ++i) {
        out = sum_of(out, all[i]);
    }
    return out;
}

std::pair<uint32_t, uint32_t> FleetMap::endpoints_of(CellId id) const {
    const lab::GroupSnapshot& group = fleet_->groups[id.group];
    // Row i lies in the cell with the number i * cells / rows, rounded down.
    const auto cells = static_cast<uint64_t>(group.cells.size());
    const uint64_t begin =
        static_cast<uint64_t>(id.index) * static_cast<uint64_t>(tiles_[id.group].merged);
    const uint64_t first = (begin * group.endpoints + cells - 1) / cells;
    return {group.first + static_cast<uint32_t>(first), cell(id).endpoints};
}

std::optional<FleetMap::CellId> FleetMap::cell_of_endpoint(uint32_t endpoint) const {
    for (size_t g = 0; g < tiles_.size(); ++g) {
        const lab::GroupSnapshot& group = fleet_->groups[g];
        if (endpoint >= group.first && endpoint - group.first < group.endpoints &&
            !group.cells.empty()) {
            const uint64_t cell =
                uint64_t{endpoint - group.first} * group.cells.size() / group.endpoints;
            return CellId{g, static_cast<int>(cell) / tiles_[g].merged};
        }
    }
    return std::nullopt;
}

QString FleetMap::words_of(CellId id) const {
    const lab::Cell what = cell(id);
    const auto [first, count] = endpoints_of(id);
    const QString group = words(fleet_->groups[id.group].name);
    const record::Header& header = desk_.store().run().header;
    QStringList lines;
    if (what.endpoints == 1) {
        lines << tr("endpoint %1 · %2").arg(grouped(first), group);
        if (what.persona < header.personas.size()) {
            lines.back() += " · " + words(header.personas[what.persona].name);
        }
        QString state =
            worst_of(what) == Health::kProtected ? tr("not exposed") : name_of(worst_of(what));
        if (what.affected > 0 && what.harmed == 0) {
            state += ", " + tr("recovered");
        }
        lines << state;
    } else {
        lines << tr("%1 · %2 endpoints, %3 to %4")
                     .arg(group, grouped(count), grouped(first),
                          grouped(first + std::max(count, 1u) - 1));
        lines << tr("exposed %1 · refused %2 · affected %3 · harmed now %4 · lost %5")
                     .arg(grouped(what.exposed), grouped(what.refused), grouped(what.affected),
                          grouped(what.harmed), grouped(what.lost));
    }
    if (what.release >= 0 && static_cast<size_t>(what.release) < header.releases.size()) {
        const QString release = words(header.releases[static_cast<size_t>(what.release)].name);
        lines << (what.endpoints == 1
                      ? tr("runs %1").arg(release)
                      : tr("%1 of them run %2").arg(grouped(what.on_release), release));
    }
    return lines.join('\n');
}

// --- the view

QRectF FleetMap::seen(const QRectF& rect) const {
    return {rect.topLeft() * zoom_ - offset_, rect.size() * zoom_};
}

QRectF FleetMap::rect_of(CellId cell) const {
    return seen(tiles_[cell.group].cell_at(cell.index));
}

void FleetMap::zoom_by(double factor, QPointF about) {
    const QPointF fixed = in_layout(about);
    zoom_ = std::clamp(zoom_ * factor, 1.0, kMostZoom);
    offset_ = fixed * zoom_ - about;
    const auto bound = [this](double offset, double size) {
        return std::clamp(offset, 0.0, size * (zoom_ - 1));
    };
    offset_ = {bound(offset_.x(), width()), bound(offset_.y(), height())};
    note_view_changed();
}

void FleetMap::zoom_in() {
    zoom_by(kZoomStep, cursor_ ? rect_of(*cursor_).center() : QRectF(rect()).center());
}

void FleetMap::zoom_out() {
    zoom_by(1 / kZoomStep, cursor_ ? rect_of(*cursor_).center() : QRectF(rect()).center());
}

void FleetMap::show_all() {
    zoom_ = 1;
    offset_ = {};
    note_view_changed();
}

std::optional<size_t> FleetMap::group_at(QPointF where) const {
    for (size_t group = 0; group < tiles_.size(); ++group) {
        if (tiles_[group].frame.contains(in_layout(where))) {
            return group;
        }
    }
    return std::nullopt;
}

std::optional<FleetMap::CellId> FleetMap::cell_at(QPointF where) const {
    for (size_t group = 0; group < tiles_.size(); ++group) {
        if (const auto index = tiles_[group].index_at(in_layout(where))) {
            return CellId{group, *index};
        }
    }
    return std::nullopt;
}

// --- what a person does

void FleetMap::select(CellId id) {
    const auto [first, count] = endpoints_of(id);
    desk_.selection().set_group(static_cast<int32_t>(id.group));
    desk_.selection().set_endpoint(count == 1 ? std::optional(first) : std::nullopt);
}

void FleetMap::select_at(QPointF where) {
    if (const auto cell = cell_at(where)) {
        cursor_ = cell;
        select(*cell);
        return;
    }
    const auto group = group_at(where);
    const auto number = group ? std::optional(static_cast<int32_t>(*group)) : std::nullopt;
    models::Selection& selection = desk_.selection();
    const bool again = selection.group() == number && !selection.endpoint();
    selection.set_endpoint(std::nullopt);
    selection.set_group(again ? std::nullopt : number);
}

void FleetMap::point_at(std::optional<CellId> cell) {
    pointed_ = cell;
    update();
    Q_EMIT pointed(cell ? words_of(*cell).replace('\n', " · ") : QString());
}

void FleetMap::set_cursor(CellId cell) {
    cursor_ = cell;
    const QRectF at = rect_of(cell);
    if (!QRectF(rect()).contains(at)) {
        offset_ += at.center() - QRectF(rect()).center();
        zoom_by(1, QRectF(rect()).center());  // within bounds
    }
    point_at(cell);
}

void FleetMap::move_cursor(int key) {
    if (fleet_ == nullptr || is_coarse() || tiles_.empty()) {
        return;
    }
    if (!cursor_) {
        const auto group = desk_.selection().group().value_or(0);
        set_cursor({std::clamp<size_t>(static_cast<size_t>(group), 0, tiles_.size() - 1), 0});
        return;
    }
    const FleetTile& tile = tiles_[cursor_->group];
    const int step = key == Qt::Key_Left    ? -1
                     : key == Qt::Key_Right ? 1
                     : key == Qt::Key_Up    ? -tile.columns
                                            : tile.columns;
    const int wanted = cursor_->index + step;
    if (wanted >= 0 && wanted < tile.cells) {
        set_cursor({cursor_->group, wanted});
    } else if (wanted < 0 && cursor_->group > 0) {
        set_cursor({cursor_->group - 1, tiles_[cursor_->group - 1].cells - 1});
    } else if (wanted >= tile.cells && cursor_->group + 1 < tiles_.size()) {
        set_cursor({cursor_->group + 1, 0});
    }
}

void FleetMap::keyPressEvent(QKeyEvent* event) {
    switch (event->key()) {
        case Qt::Key_Left:
        case Qt::Key_Right:
        case Qt::Key_Up:
        case Qt::Key_Down:
            move_cursor(event->key());
            return;
        case Qt::Key_Return:
        case Qt::Key_Enter:
            if (cursor_) {
                select(*cursor_);
            }
            return;
        case Qt::Key_Plus:
        case Qt::Key_Equal:
            zoom_in();
            return;
        case Qt::Key_Minus:
            zoom_out();
            return;
        case Qt::Key_Home:
            show_all();
            return;
        case Qt::Key_Escape:
            desk_.selection().set_endpoint(std::nullopt);
            desk_.selection().set_group(std::nullopt);
            return;
        default:
            QWidget::keyPressEvent(event);
    }
}

void FleetMap::wheelEvent(QWheelEvent* event) {
    const double steps = event->angleDelta().y() / 120.0;
    if (steps != 0) {
        zoom_by(std::pow(kZoomStep, steps), event->position());
    }
    event->accept();
}

void FleetMap::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton || event->button() == Qt::MiddleButton) {
        pressed_ = event->pos();
        offset_when_pressed_ = offset_;
        panned_ = false;
    }
}

void FleetMap::mouseMoveEvent(QMouseEvent* event) {
    if (pressed_ && event->buttons() != Qt::NoButton) {
        const QPoint way = event->pos() - *pressed_;
        panned_ = panned_ || way.manhattanLength() >= QApplication::startDragDistance();
        if (panned_) {
            offset_ = offset_when_pressed_ - QPointF(way);
            zoom_by(1, event->position());  // within bounds
        }
        return;
    }
    if (const auto cell = cell_at(event->position()); cell != pointed_) {
        point_at(cell);
    }
}

void FleetMap::mouseReleaseEvent(QMouseEvent* event) {
    if (pressed_ && !panned_ && event->button() == Qt::LeftButton) {
        select_at(event->position());
    }
    pressed_.reset();
}

void FleetMap::leaveEvent(QEvent*) {
    point_at(std::nullopt);
}

void FleetMap::focusInEvent(QFocusEvent* event) {
    QWidget::focusInEvent(event);
    if (cursor_) {
        point_at(*cursor_);
    }
}

bool FleetMap::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip) {
        return QWidget::event(event);
    }
    const auto* help = static_cast<QHelpEvent*>(event);
    if (const auto cell = cell_at(help->pos())) {
        QToolTip::showText(help->globalPos(), words_of(*cell), this,
                           rect_of(*cell).toAlignedRect());
    } else if (const auto group = group_at(help->pos())) {
        const lab::GroupSnapshot& of = fleet_->groups[*group];
        QToolTip::showText(
            help->globalPos(),
            tr("%1: %2 endpoints\nexposed %3 · refused %4 · affected %5 · harmed now %6 · lost %7")
                .arg(words(of.name), grouped(of.endpoints), grouped(of.exposed),
                     grouped(of.refused), grouped(of.affected), grouped(of.harmed),
                     grouped(of.lost)),
            this);
    } else {
        QToolTip::hideText();
    }
    return true;
}

void FleetMap::resizeEvent(QResizeEvent*) {
    zoom_by(1, {});  // within bounds
    refresh();
}

void FleetMap::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) {
        refresh();
    }
}

// --- painting

void FleetMap::draw_cells(QPainter& painter, size_t group) const {
    const FleetTile& tile = tiles_[group];
    QImage image(tile.columns, tile.rows(), QImage::Format_RGB32);
    image.fill(colours().surface());
    for (int row = 0, index = 0; row < tile.rows(); ++row) {
        auto* line = reinterpret_cast<QRgb*>(image.scanLine(row));
        for (int column = 0; column < tile.columns && index < tile.cells; ++column, ++index) {
            line[column] = shades_[group][static_cast<size_t>(index)].colour;
        }
    }
    painter.drawImage(seen(tile.raster), image);
}

void FleetMap::draw_gaps(QPainter& painter, const FleetTile& tile) const {
    const QRectF all = seen(tile.raster);
    const double side = tile.cell * zoom_;
    const double gap = side < 12 ? 1 : 2;
    const QColor colour = colours().surface();
    for (int column = 1; column <= tile.columns; ++column) {
        painter.fillRect(QRectF(all.left() + column * side - gap, all.top(), gap, all.height()),
                         colour);
    }
    for (int row = 1; row <= tile.rows(); ++row) {
        painter.fillRect(QRectF(all.left(), all.top() + row * side - gap, all.width(), gap),
                         colour);
    }
}

void FleetMap::draw_marks(QPainter& painter, size_t group) const {
    const FleetTile& tile = tiles_[group];
    const double side = tile.cell * zoom_;
    const QRectF view(rect());
    for (int index = 0; index < tile.cells; ++index) {
        const Shade& shade = shades_[group][static_cast<size_t>(index)];
        const bool visible = side >= kCellWithMark || shade.mark == CellMark::kHatch;
        if (shade.mark == CellMark::kNone || !visible) {
            continue;
        }
        const QRectF at = rect_of({group, index});
        if (!at.intersects(view)) {
            continue;
        }
        draw_mark(painter, at.adjusted(0, 0, -std::min(2.0, side / 6), -std::min(2.0, side / 6)),
                  shade);
    }
}

void FleetMap::draw_cell_texts(QPainter& painter, size_t group) const {
    const FleetTile& tile = tiles_[group];
    painter.setFont(small_font());
    for (int index = 0; index < tile.cells; ++index) {
        const QRectF at = rect_of({group, index});
        if (at.intersects(QRectF(rect()))) {
            const auto [first, count] = endpoints_of({group, index});
            painter.setPen(text_ink(shades_[group][static_cast<size_t>(index)].colour));
            painter.drawText(at.adjusted(3, 2, -4, -2), Qt::AlignLeft | Qt::AlignTop,
                             count == 1 ? grouped(first) : tr("× %1").arg(grouped(count)));
        }
    }
}

// Of a group of which the counts alone are known: how much of it is in which state, not where.
void FleetMap::draw_shares(QPainter& painter, size_t group) const {
    const lab::GroupSnapshot& of = fleet_->groups[group];
    QRectF bar = seen(tiles_[group].raster);
    bar.setHeight(std::min(bar.height(), 4.0 * kGrid * zoom_));
    const Colours now = colours();
    lab::Cell none;
    none.endpoints = 1;
    painter.fillRect(bar, QColor::fromRgb(shade_of(none, by_, now).colour));
    const auto part = [&](uint64_t count, Health health) {
        if (count == 0 || of.endpoints == 0) {
            return;
        }
        QRectF share = bar;
        share.setWidth(std::max(
            3.0, bar.width() * static_cast<double>(count) / static_cast<double>(of.endpoints)));
        lab::Cell like = none;
        like.exposed = 1;
        like.refused = health == Health::kRefused ? 1 : 0;
        like.affected = health == Health::kAffected ? 1 : 0;
        like.lost = health == Health::kLost ? 1 : 0;
        const Shade shade = shade_of(like, by_, now);
        painter.fillRect(share, QColor::fromRgb(shade.colour));
        if (shade.mark == CellMark::kHatch) {
            draw_mark(painter, share, shade);
        }
    };
    part(of.exposed, Health::kExposed);
    part(of.refused, Health::kRefused);
    if (by_ == ColourBy::kHealth) {
        part(of.affected, Health::kAffected);
        part(of.lost, Health::kLost);
    }
}

void FleetMap::draw_label(QPainter& painter, size_t group) const {
    const lab::GroupSnapshot& of = fleet_->groups[group];
    const QRectF tile = in_sight(seen(tiles_[group].frame), *this);
    const Colours now = colours();
    const QFontMetricsF name(QApplication::font()), count(small_font());
    // Beside the raster when it is in sight, else at the upper edge.
    const double top =
        std::max(tile.top(), seen(tiles_[group].header).bottom() - label_height() + kGrid / 2.0);
    const QRectF line(tile.left(), top, tile.width() - kGrid, name.height());
    if (line.width() < 24 || tile.height() < label_height() / 2) {
        return;
    }
    if (seen(tiles_[group].header).bottom() < top + label_height() - kGrid) {
        QColor ground = now.surface();
        ground.setAlpha(230);
        painter.fillRect(QRectF(tile.left(), top, line.width(), label_height()), ground);
    }
    QFont bold = QApplication::font();
    bold.setWeight(QFont::DemiBold);
    painter.setFont(bold);
    painter.setPen(now.text());
    painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter,
                     QFontMetricsF(bold).elidedText(words(of.name), Qt::ElideMiddle, line.width()));
    const bool exposure = by_ == ColourBy::kExposure;
    const uint64_t matters = exposure ? of.exposed : of.affected;
    const QString state = (exposure ? tr("%1 of %2 exposed") : tr("%1 of %2 affected"))
                              .arg(grouped(matters), grouped(of.endpoints));
    painter.setFont(tabular(small_font()));
    painter.setPen(matters > 0 && !exposure ? now.failure() : now.quiet_text());
    painter.drawText(line.translated(0, name.height()), Qt::AlignLeft | Qt::AlignTop,
                     count.elidedText(state, Qt::ElideRight, line.width()));
}

void FleetMap::make_picture() {
    const double ratio = devicePixelRatioF();
    picture_ = QPixmap((QSizeF(size()) * ratio).toSize());
    picture_.setDevicePixelRatio(ratio);
    picture_.fill(colours().surface());
    stale_ = false;
    if (fleet_ == nullptr) {
        return;
    }
    QPainter painter(&picture_);
    const auto selected = desk_.selection().group();
    for (size_t group = 0; group < tiles_.size(); ++group) {
        const QRectF frame = in_sight(seen(tiles_[group].frame), *this);
        if (frame.isEmpty()) {
            continue;
        }
        const double side = tiles_[group].cell * zoom_;
        if (fleet_->groups[group].cells.empty()) {
            draw_shares(painter, group);
        } else {
            draw_cells(painter, group);
            if (side >= kCellWithGap) {
                draw_gaps(painter, tiles_[group]);
            }
            draw_marks(painter, group);
            if (side >= kCellWithText) {
                draw_cell_texts(painter, group);
            }
        }
        draw_label(painter, group);
        if (selected && static_cast<size_t>(std::max(*selected, 0)) != group) {
            QColor veil = colours().surface();
            veil.setAlpha(170);
            painter.fillRect(frame, veil);
        }
    }
}

void FleetMap::draw_outline(QPainter& painter, const QRectF& rect, const QColor& colour) const {
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(colours().surface(), 4));
    painter.drawRect(rect.adjusted(-1, -1, 1, 1));
    painter.setPen(QPen(colour, 2));
    painter.drawRect(rect.adjusted(-1, -1, 1, 1));
}

void FleetMap::paintEvent(QPaintEvent*) {
    if (stale_ || picture_.size() != (QSizeF(size()) * devicePixelRatioF()).toSize()) {
        make_picture();
    }
    QPainter painter(this);
    painter.drawPixmap(0, 0, picture_);
    if (fleet_ == nullptr) {
        return;
    }
    if (pointed_) {
        draw_outline(painter, rect_of(*pointed_), colours().quiet_text());
    }
    if (const auto endpoint = desk_.selection().endpoint()) {
        if (const auto cell = cell_of_endpoint(*endpoint)) {
            draw_outline(painter, rect_of(*cell), colours().text());
        }
    }
    if (cursor_ && hasFocus()) {
        draw_outline(painter, rect_of(*cursor_), colours().accent());
    }
}

}  // namespace firebreak::gui
