#include "gui/notice_strip.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include "gui/theme.h"

namespace firebreak::gui {

namespace {

constexpr int kBar = 3;  // the coloured edge

QLabel* wrapping_label(QWidget* parent) {
    auto* label = new QLabel(parent);
    label->setWordWrap(true);
    label->setTextFormat(Qt::PlainText);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    label->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Minimum);
    return label;
}

}  // namespace

NoticeStrip::NoticeStrip(QWidget* parent)
    : QFrame(parent),
      what_(wrapping_label(this)),
      more_(wrapping_label(this)),
      buttons_(new QHBoxLayout) {
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(kBar + kGrid, kGrid / 2, kGrid, kGrid / 2);
    layout->setSpacing(kGrid / 4);
    layout->addWidget(what_);
    layout->addWidget(more_);
    layout->addLayout(buttons_);
    buttons_->setSpacing(kGrid);
    hide();
}

void NoticeStrip::say(Kind kind, const QString& what, const QString& more,
                      const std::vector<Act>& acts) {
    kind_ = kind;
    what_->setText(what);
    more_->setText(more);
    more_->setVisible(!more.isEmpty());
    while (QLayoutItem* item = buttons_->takeAt(0)) {
        if (QWidget* old = item->widget()) {
            old->hide();
            old->deleteLater();  // it may be the one whose click brought this about
        }
        delete item;
    }
    for (const auto& [name, act] : acts) {
        auto* button = new QPushButton(name, this);
        button->setObjectName("notice_button");
        button->setAccessibleName(name);
        button->setAutoDefault(false);
        connect(button, &QPushButton::clicked, this, [this, act = act] {
            clear();
            act();
        });
        buttons_->addWidget(button);
    }
    if (!acts.empty()) {
        buttons_->addStretch();
    }
    setAccessibleName(more.isEmpty() ? what : what + ". " + more);
    colour();
    show();
}

void NoticeStrip::clear() {
    what_->clear();
    more_->clear();
    hide();
}

QString NoticeStrip::text() const {
    return more_->text().isEmpty() ? what_->text() : what_->text() + '\n' + more_->text();
}

void NoticeStrip::colour() {
    QPalette palette = this->palette();
    palette.setColor(QPalette::WindowText, kind_ == Kind::kProblem ? colours().failure()
                                           : kind_ == Kind::kQuiet ? colours().quiet_text()
                                                                   : colours().text());
    what_->setPalette(palette);
    palette.setColor(QPalette::WindowText,
                     kind_ == Kind::kQuiet ? colours().quiet_text() : colours().text());
    more_->setPalette(palette);
}

void NoticeStrip::paintEvent(QPaintEvent* /*event*/) {
    QPainter painter(this);
    painter.fillRect(rect(), colours().surface());
    const QColor edge = kind_ == Kind::kProblem    ? colours().failure()
                        : kind_ == Kind::kQuestion ? colours().accent()
                                                   : colours().line();
    painter.fillRect(0, 0, kBar, height(), edge);
}

void NoticeStrip::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange) {
        colour();
    }
    QFrame::changeEvent(event);
}

}  // namespace firebreak::gui
