// A text of at most so many lines, with an ellipsis where it is longer, and the whole of it as a
// tooltip. Its height is the same whatever it says: nothing below it jumps.
#pragma once

#include <QWidget>

namespace firebreak::gui {

class ElidedLabel final : public QWidget {
    Q_OBJECT

  public:
    explicit ElidedLabel(int lines, QWidget* parent = nullptr);
    void set_text(const QString& text);
    const QString& text() const { return text_; }
    void set_quiet(bool quiet);  // in a colour that stands back

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

  protected:
    void paintEvent(QPaintEvent* event) override;

  private:
    int lines_;
    bool quiet_ = false;
    QString text_;
};

}  // namespace firebreak::gui
