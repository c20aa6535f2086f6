// Names and their values, a line each: what an inspector tells of a thing.
#pragma once

#include <QString>
#include <QTableWidget>
#include <vector>

namespace firebreak::gui {

struct Fact {
    QString name;
    QString value;
    bool bad = false;  // stands out
    friend bool operator==(const Fact&, const Fact&) = default;
};

// Long values wrap. Ctrl+C copies the selected lines, or all, as "name: value".
class FactsTable final : public QTableWidget {
    Q_OBJECT

  public:
    explicit FactsTable(QWidget* parent = nullptr);
    void set_facts(const std::vector<Fact>& facts);
    const std::vector<Fact>& facts() const { return facts_; }
    // The selected lines, or all of them.
    QString as_text() const;
    void copy() const;

  protected:
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;

  private:
    void fit();
    void paint_values();

    std::vector<Fact> facts_;
};

}  // namespace firebreak::gui
