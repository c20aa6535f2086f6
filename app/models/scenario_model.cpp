#include "models/scenario_model.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/toml_document.h"
#include "scenario/resolve.h"

namespace firebreak::models {

namespace fs = std::filesystem;

namespace {

constexpr int kMostDepth = 8;     // of folders: a link to a folder above it would go on for ever
constexpr int kFilesAtATime = 8;  // some milliseconds
constexpr int kSettle_ms = 120;

QString from_utf8(std::string_view utf8) {
    return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size()));
}

struct Description {
    QString title, problem;
    QStringList tags;
};

// Title and tags alone: a file that is wrong elsewhere is still known by them.
Description describe(const fs::path& file) {
    Description out;
    auto document = base::TomlDocument::load(file);
    if (document.ok()) {
        document = scenario::resolve(std::move(*document), file);
    }
    if (!document.ok()) {
        out.problem = from_utf8(document.error().message);
        return out;
    }
    base::TomlTable root = document->root();
    (void)root.allow({"title", "tags"});  // whether the rest is right, the engine says
    if (const auto title = root.line("title"); title.ok()) {
        out.title = from_utf8(*title);
    } else {
        out.problem = from_utf8(title.error().message);
    }
    if (const auto tags = root.strings("tags"); tags.ok()) {
        for (const std::string& tag : *tags) {
            out.tags.push_back(from_utf8(tag));
        }
    }
    return out;
}

}  // namespace

struct ScenarioModel::Node {
    fs::path path;
    QString name;
    bool folder = false;
    bool described = false;
    fs::file_time_type written;
    Description is;
    Node* parent = nullptr;
    std::vector<std::unique_ptr<Node>> children;

    auto order() const { return std::pair(!folder, path.filename()); }
    void adopt(std::unique_ptr<Node> child, size_t at) {
        child->parent = this;
        children.insert(children.begin() + static_cast<std::ptrdiff_t>(at), std::move(child));
    }
    template <class Seen>
    void each(const Seen& seen) {
        for (const auto& child : children) {
            seen(*child);
            child->each(seen);
        }
    }
};

ScenarioModel::ScenarioModel(fs::path root, QObject* parent)
    : QAbstractItemModel(parent), root_(root.lexically_normal()), top_(std::make_unique<Node>()) {
    top_->folder = true;
    settle_.setSingleShot(true);
    settle_.setInterval(kSettle_ms);
    connect(&settle_, &QTimer::timeout, this, &ScenarioModel::rescan);
    connect(&reading_, &QTimer::timeout, this, &ScenarioModel::describe_some);
    connect(&watcher_, &QFileSystemWatcher::directoryChanged, this, [this] { settle_.start(); });
    connect(&watcher_, &QFileSystemWatcher::fileChanged, this, &ScenarioModel::note_file);
    rescan();
}

ScenarioModel::~ScenarioModel() = default;

ScenarioModel::Node* ScenarioModel::node_of(const QModelIndex& index) {
    return static_cast<Node*>(index.internalPointer());
}

QModelIndex ScenarioModel::index_of(const Node* node) const {
    if (node == nullptr || node->parent == nullptr) {
        return {};
    }
    const auto& siblings = node->parent->children;
    const auto at = std::ranges::find(siblings, node, &std::unique_ptr<Node>::get);
    return createIndex(static_cast<int>(at - siblings.begin()), 0, node);
}

// --- the disk

void ScenarioModel::rescan() {
    QStringList seen;
    const auto now = scan(root_, 0, seen);
    const bool changed = merge(*top_, *now);
    watch(seen);
    reading_.start(0);
    if (changed) {
        Q_EMIT rescanned();
    }
}

std::unique_ptr<ScenarioModel::Node> ScenarioModel::scan(const fs::path& folder, int depth,
                                                         QStringList& seen) {
    auto out = std::make_unique<Node>();
    out->path = folder;
    out->name = from_utf8(folder.filename().string());
    out->folder = true;
    std::error_code failure;
    if (fs::is_directory(folder, failure)) {
        seen.push_back(from_utf8(folder.string()));
    }
    for (fs::directory_iterator it(folder, failure), end; !failure && it != end;
         it.increment(failure)) {
        std::error_code ignored;
        const fs::path& path = it->path();
        std::unique_ptr<Node> child;
        if (it->is_directory(ignored) && depth < kMostDepth) {
            child = scan(path, depth + 1, seen);
            if (child->children.empty()) {
                continue;
            }
        } else if (path.extension() == ".toml" && it->is_regular_file(ignored)) {
            seen.push_back(from_utf8(path.string()));
            if (path.filename().string().starts_with("_")) {
                continue;
            }
            child = std::make_unique<Node>();
            child->path = path;
            child->name = from_utf8(path.stem().string());
            child->written = it->last_write_time(ignored);
        } else {
            continue;
        }
        out->adopt(std::move(child), out->children.size());
    }
    std::ranges::sort(out->children, {}, [](const auto& node) { return node->order(); });
    return out;
}

// Both are in order. True: something came, went or was written.
bool ScenarioModel::merge(Node& into, Node& from) {
    bool changed = false;
    const QModelIndex parent = index_of(&into);
    for (size_t i = into.children.size(); i-- > 0;) {
        const bool stays = std::ranges::any_of(from.children, [&](const auto& node) {
            return node->order() == into.children[i]->order();
        });
        if (!stays) {
            beginRemoveRows(parent, static_cast<int>(i), static_cast<int>(i));
            into.children.erase(into.children.begin() + static_cast<std::ptrdiff_t>(i));
            endRemoveRows();
            changed = true;
        }
    }
    for (size_t i = 0; i < from.children.size(); ++i) {
        auto& fresh = from.children[i];
        if (i == into.children.size() || into.children[i]->order() != fresh->order()) {
            beginInsertRows(parent, static_cast<int>(i), static_cast<int>(i));
            into.adopt(std::move(fresh), i);
            endInsertRows();
            changed = true;
        } else if (fresh->folder) {
            changed = merge(*into.children[i], *fresh) || changed;
        } else if (into.children[i]->written != fresh->written) {
            into.children[i]->written = fresh->written;
            into.children[i]->described = false;
            changed = true;
        }
    }
    if (changed && into.parent != nullptr) {
        tell(&into);  // its counts
    }
    return changed;
}

void ScenarioModel::watch(const QStringList& seen) {
    QStringList wanted = seen;
    if (wanted.isEmpty()) {  // so that it is noticed when the folder comes
        fs::path above = root_.parent_path();
        std::error_code ignored;
        while (!above.empty() && !fs::is_directory(above, ignored) && above.has_relative_path()) {
            above = above.parent_path();
        }
        wanted.push_back(above.empty() ? QStringLiteral(".") : from_utf8(above.string()));
    }
    QStringList old = watcher_.files() + watcher_.directories();
    old.removeIf([&](const QString& path) { return wanted.contains(path); });
    if (!old.isEmpty()) {
        watcher_.removePaths(old);
    }
    const QStringList known = watcher_.files() + watcher_.directories();
    wanted.removeIf([&](const QString& path) { return known.contains(path); });
    if (!wanted.isEmpty()) {
        watcher_.addPaths(wanted);
    }
}

void ScenarioModel::note_file(const QString& path) {
    if (fs::path(path.toStdString()).filename().string().starts_with("_")) {
        top_->each([](Node& node) { node.described = false; });  // who extends it, it alone knows
    }
    settle_.start();
}

void ScenarioModel::describe_some() {
    int room = kFilesAtATime;
    bool more = false;
    top_->each([&](Node& node) {
        if (node.folder || node.described) {
            return;
        }
        if (room == 0) {
            more = true;
            return;
        }
        --room;
        node.described = true;
        node.is = describe(node.path);
        tell(&node);
    });
    if (!more) {
        reading_.stop();
        Q_EMIT described();
    }
}

// --- results

QModelIndex ScenarioModel::index_of(const fs::path& file) const {
    const fs::path wanted = file.lexically_normal();
    const Node* found = nullptr;
    top_->each([&](const Node& node) { found = node.path == wanted ? &node : found; });
    return index_of(found);
}

void ScenarioModel::set_result(const fs::path& file, ScenarioResult result) {
    results_[file.lexically_normal()] = std::move(result);
    for (QModelIndex index = index_of(file); index.isValid(); index = index.parent()) {
        tell(node_of(index));
    }
}

ScenarioResult ScenarioModel::result(const fs::path& file) const {
    const auto found = results_.find(file.lexically_normal());
    return found == results_.end() ? ScenarioResult{} : found->second;
}

ScenarioModel::Counts ScenarioModel::counts(const Node& node) const {
    Counts out;
    for (const auto& child : node.children) {
        if (child->folder) {
            const Counts below = counts(*child);
            out.files += below.files;
            out.passed += below.passed;
            out.failed += below.failed;
        } else {
            const Outcome outcome = result(child->path).outcome;
            ++out.files;
            out.passed += outcome == Outcome::kPassed ? 1 : 0;
            out.failed += outcome == Outcome::kFailed ? 1 : 0;
        }
    }
    return out;
}

void ScenarioModel::tell(const Node* node) {
    const QModelIndex index = index_of(node);
    Q_EMIT dataChanged(index, index);
}

// --- QAbstractItemModel

QModelIndex ScenarioModel::index(int row, int column, const QModelIndex& parent) const {
    if (!hasIndex(row, column, parent)) {
        return {};
    }
    const Node* in = parent.isValid() ? node_of(parent) : top_.get();
    return createIndex(row, column, in->children[static_cast<size_t>(row)].get());
}

QModelIndex ScenarioModel::parent(const QModelIndex& child) const {
    return child.isValid() ? index_of(node_of(child)->parent) : QModelIndex();
}

int ScenarioModel::rowCount(const QModelIndex& parent) const {
    if (parent.column() > 0) {
        return 0;
    }
    const Node* in = parent.isValid() ? node_of(parent) : top_.get();
    return static_cast<int>(in->children.size());
}

int ScenarioModel::columnCount(const QModelIndex& /*parent*/) const {
    return 1;
}

QString ScenarioModel::tool_tip(const Node& node) const {
    QStringList lines;
    for (const QString& line :
         {node.is.title, node.is.problem, result(node.path).headline,
          node.is.tags.isEmpty() ? QString() : tr("Tags: %1").arg(node.is.tags.join(", ")),
          from_utf8(node.path.string())}) {
        if (!line.isEmpty()) {
            lines.push_back(line);
        }
    }
    return lines.join('\n');
}

QVariant ScenarioModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) {
        return {};
    }
    const Node& node = *node_of(index);
    switch (role) {
        case Qt::DisplayRole:
            return node.name;
        case Qt::ToolTipRole:
            return tool_tip(node);
        case kPath:
            return from_utf8(node.path.string());
        case kIsFolder:
            return node.folder;
        case kTitle:
            return node.is.title;
        case kTags:
            return node.is.tags;
        case kProblem:
            return node.is.problem;
        case kOutcome:
            return static_cast<int>(result(node.path).outcome);
        case kHeadline:
            return result(node.path).headline;
        case kSearch:
            return QString(from_utf8(node.path.lexically_relative(root_).string()) + ' ' +
                           node.is.title + ' ' + node.is.tags.join(' '));
        case kFiles:
            return counts(node).files;
        case kPassed:
            return counts(node).passed;
        case kFailed:
            return counts(node).failed;
        default:
            return {};
    }
}

// --- ScenarioFilter

ScenarioFilter::ScenarioFilter(QObject* parent) : QSortFilterProxyModel(parent) {
    setRecursiveFilteringEnabled(true);
}

void ScenarioFilter::set_words(const QString& text) {
    words_ = text.split(' ', Qt::SkipEmptyParts);
    invalidateFilter();
}

bool ScenarioFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
    if (words_.isEmpty()) {
        return true;
    }
    const QModelIndex index = sourceModel()->index(row, 0, parent);
    if (index.data(ScenarioModel::kIsFolder).toBool()) {
        return false;  // its files speak for it
    }
    const QString all = index.data(ScenarioModel::kSearch).toString();
    return std::ranges::all_of(
        words_, [&](const QString& word) { return all.contains(word, Qt::CaseInsensitive); });
}

}  // namespace firebreak::models
