// The scenarios of a folder as a tree, with what became of each when it last ran.
#pragma once

#include <QAbstractItemModel>
#include <QFileSystemWatcher>
#include <QSortFilterProxyModel>
#include <QStringList>
#include <QTimer>
#include <filesystem>
#include <map>
#include <memory>
#include <vector>

namespace firebreak::models {

enum class Outcome : unsigned char { kNone, kWaiting, kRunning, kPassed, kFailed, kStopped };

struct ScenarioResult {
    Outcome outcome = Outcome::kNone;
    QString headline;  // the run's answer, or why there is none
};

// To be used from one thread. Folders that hold scenarios (also in folders of theirs), then files;
// a file whose name begins with "_" is there to be extended, and is left out. Follows the disk:
// what is unchanged keeps its row. Titles and tags come a few files at a time, so that a large
// folder is there at once.
class ScenarioModel final : public QAbstractItemModel {
    Q_OBJECT

  public:
    enum Role {
        kPath = Qt::UserRole,  // as a string
        kIsFolder,
        kTitle,
        kTags,      // a QStringList
        kProblem,   // why the file has no title
        kOutcome,   // int of Outcome, of a file
        kHeadline,  // of the last run
        kSearch,    // all that a filter looks at
        kFiles,     // in a folder and below; so are
        kPassed,
        kFailed,
    };

    explicit ScenarioModel(std::filesystem::path root, QObject* parent = nullptr);
    ~ScenarioModel() override;

    const std::filesystem::path& root() const { return root_; }
    // Looks at the disk now; it is looked at by itself when it changes.
    void rescan();
    // Whether all that is there has been read.
    bool is_described() const { return !reading_.isActive(); }

    QModelIndex index_of(const std::filesystem::path& file) const;  // invalid: it is not there
    void set_result(const std::filesystem::path& file, ScenarioResult result);
    ScenarioResult result(const std::filesystem::path& file) const;
    // By file, of those that have one.
    const std::map<std::filesystem::path, ScenarioResult>& results() const { return results_; }

    QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
    QModelIndex parent(const QModelIndex& child) const override;
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

  Q_SIGNALS:
    void described();
    // The disk was looked at, and something had come or gone.
    void rescanned();

  private:
    struct Node;
    struct Counts {
        int files = 0, passed = 0, failed = 0;
    };
    static Node* node_of(const QModelIndex& index);
    QModelIndex index_of(const Node* node) const;
    std::unique_ptr<Node> scan(const std::filesystem::path& folder, int depth, QStringList& seen);
    bool merge(Node& into, Node& from);
    void watch(const QStringList& seen);
    void note_file(const QString& path);
    void describe_some();
    Counts counts(const Node& node) const;
    QString tool_tip(const Node& node) const;
    void tell(const Node* node);

    std::filesystem::path root_;
    std::unique_ptr<Node> top_;
    std::map<std::filesystem::path, ScenarioResult> results_;
    QFileSystemWatcher watcher_;
    QTimer settle_;   // a save is several changes
    QTimer reading_;  // runs as long as something is not described
};

// Keeps the files in which all words are found, in name, folder, title or tags, and their folders.
class ScenarioFilter : public QSortFilterProxyModel {
    Q_OBJECT

  public:
    explicit ScenarioFilter(QObject* parent = nullptr);
    void set_words(const QString& text);
    bool is_set() const { return !words_.isEmpty(); }

  protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

  private:
    QStringList words_;
};

}  // namespace firebreak::models
