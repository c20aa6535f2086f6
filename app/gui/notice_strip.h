// A line of words beside the thing that they are about: what, where, what to do, and buttons for
// it.
#pragma once

#include <QFrame>
#include <QString>
#include <functional>
#include <utility>
#include <vector>

class QHBoxLayout;
class QLabel;

namespace firebreak::gui {

class NoticeStrip final : public QFrame {
    Q_OBJECT

  public:
    enum class Kind { kQuiet, kQuestion, kProblem };
    // The act runs after the strip is hidden, and may say something new.
    using Act = std::pair<QString, std::function<void()>>;

    explicit NoticeStrip(QWidget* parent = nullptr);

    // In place of what it said before. `more`: where, and the remedy; may be empty.
    void say(Kind kind, const QString& what, const QString& more = {},
             const std::vector<Act>& acts = {});
    void clear();
    // What it says now; empty: nothing.
    QString text() const;

  protected:
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;

  private:
    void colour();

    Kind kind_ = Kind::kQuiet;
    QLabel* what_;
    QLabel* more_;
    QHBoxLayout* buttons_;
};

}  // namespace firebreak::gui
