// A scenario file as text: mistakes are shown where they are, while somebody types.
#pragma once

#include <QByteArray>
#include <QFileSystemWatcher>
#include <QThreadPool>
#include <QTimer>
#include <QWidget>
#include <filesystem>
#include <functional>
#include <optional>

#include "base/result.h"
#include "gui/desk.h"
#include "gui/toml_edit.h"

class QAction;
class QLabel;
class QPushButton;
class QStackedWidget;

namespace firebreak::gui {

class NoticeStrip;

// No text is lost without a word: before another file is opened, and when the file changes on disk,
// it asks in a strip of its own. Reverting and reloading can be undone.
class ScenarioEditor final : public QWidget {
    Q_OBJECT

  public:
    explicit ScenarioEditor(Desk& desk, QWidget* parent = nullptr);
    ~ScenarioEditor() override;  // waits for a check that goes on

    // Empty: none is open.
    const std::filesystem::path& file() const { return file_; }
    bool is_modified() const;
    QString text() const { return edit_->toPlainText(); }
    const std::optional<base::Error>& mistake() const { return mistake_; }
    QList<QAction*> acts() const;  // for menus and the palette

    // Goes there; asks first if there is something to lose.
    void open(const std::filesystem::path& file, std::optional<TextPlace> place = std::nullopt);
    // Calls `then`: at once, or when changes have been saved or discarded, or not at all.
    void leave(std::function<void()> then);
    // False: it says why.
    bool save();
    void revert();
    void run_text();
    void go_to_mistake();

  Q_SIGNALS:
    // The text has been looked at; mistake() says what came of it.
    void checked();
    void modified_changed(bool modified);
    void opened(const QString& file);

  private:
    struct Check {
        std::optional<base::Error> mistake;
        QString summary;
    };
    static Check checked_text(const std::string& text, const std::filesystem::path& file);
    void build_acts();
    QWidget* built_header();
    QWidget* built_empty_state();
    QAction* act(const QString& name, const QKeySequence& keys, const QString& id,
                 void (ScenarioEditor::*what)());
    void load(const std::filesystem::path& file);
    void close_file();
    QByteArray bytes() const;
    bool write(const QByteArray& bytes);
    void look_at_disk();
    void say_changed_on_disk(const QByteArray& now);
    void watch();
    void begin_check();
    void take(uint64_t number, const Check& check);
    std::optional<TextPlace> place_here() const;
    void show_state();
    void save_now() { (void)save(); }
    QString name() const;

    Desk& desk_;
    std::filesystem::path file_;
    QByteArray saved_;  // as it was last read or written
    bool crlf_ = false;
    std::optional<base::Error> mistake_;
    uint64_t check_ = 0;  // the newest one

    QStackedWidget* pages_;
    QLabel* title_;
    TomlEdit* edit_;
    NoticeStrip* question_;
    NoticeStrip* verdict_;
    QAction *save_ = nullptr, *revert_ = nullptr, *run_ = nullptr, *next_ = nullptr;
    QFileSystemWatcher watcher_;
    QTimer settle_, typing_;
    QThreadPool checks_;  // last: a check uses all of the above
};

}  // namespace firebreak::gui
