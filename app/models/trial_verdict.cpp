#include "models/trial_verdict.h"

#include <fmt/format.h>

#include <QCoreApplication>
#include <QStringList>
#include <algorithm>
#include <cctype>
#include <functional>
#include <map>

#include "assay/transition.h"
#include "base/text.h"

namespace firebreak::models {

namespace {

using base::Category;
using Standing = TrialStanding;

QString trial_words(const char* english) {
    return QCoreApplication::translate("TrialVerdict", english);
}

QString trial_text(std::string_view utf8) {
    return QString::fromStdString(base::printable(utf8, 200));
}

bool is_never_there(Category category) {
    return category == Category::kMissing || category == Category::kBlocked;
}

QString code_words(const base::Outcome& outcome) {
    const std::string_view code = to_text(outcome.code);
    return trial_text(code.empty() ? to_text(outcome.category) : code);
}

// With the place in the content, where the component has named one.
QString code_and_place(const base::Outcome& outcome) {
    const auto file =
        std::ranges::find(outcome.evidence, "file", &base::Evidence::value_type::first);
    return outcome.stage == base::Stage::kLoad && file != outcome.evidence.end()
               ? trial_words("%1, %2").arg(code_words(outcome), trial_text(file->second))
               : code_words(outcome);
}

// What decides of a workload: harm, or else a rule of this feed that failed.
void judge_workload(const assay::Transition& done, content::Feed feed, TrialVerdict& out) {
    if (!done.triggers.empty()) {
        const assay::Trigger& trigger = done.triggers.front();
        out.standing = Standing::kHarms;
        out.outcome = trigger.outcome;
        out.set_off_by = trigger.what;
        out.detail = trial_words("%1, set off by %2")
                         .arg(code_words(trigger.outcome), trial_text(trigger.what));
        return;
    }
    if (out.standing == Standing::kRuleFails) {
        return;
    }
    for (const assay::RuleUse& use : done.rules) {
        if (use.feed == feed && (use.errors > 0 || use.disabled)) {
            out.standing = Standing::kRuleFails;
            out.rule = use.rule;
            out.failure = use.failure;
            out.detail =
                use.disabled
                    ? trial_words("rule %1 is stopped and switched off").arg(trial_text(use.rule))
                    : trial_words("rule %1 fails").arg(trial_text(use.rule));
            return;
        }
    }
}

// "works on all 4 personas", "works on 3 of 4 personas".
QString where_it_is_so(size_t some, size_t all) {
    return some == all ? (all == 1 ? trial_words("on the one persona")
                                   : trial_words("on all %1 personas").arg(all))
                       : trial_words("on %1 of %2 personas").arg(some).arg(all);
}

// Worst first.
int badness(Standing standing) {
    switch (standing) {
        case Standing::kHarms:
            return 6;
        case Standing::kRefused:
            return 5;
        case Standing::kRuleFails:
            return 4;
        case Standing::kNotMade:
            return 3;
        case Standing::kNotDelivered:
            return 2;
        case Standing::kNoAnswer:
            return 1;
        case Standing::kWorks:
            break;
    }
    return 0;
}

QString summary(const std::vector<const TrialVerdict*>& verdicts, bool with_details) {
    std::map<Standing, std::vector<const TrialVerdict*>> by_standing;
    for (const TrialVerdict* one : verdicts) {
        by_standing[one->standing].push_back(one);
    }
    std::vector<Standing> order;
    for (const auto& [standing, all] : by_standing) {
        order.push_back(standing);
    }
    std::ranges::sort(order, std::greater(), badness);
    QStringList parts;
    for (const Standing standing : order) {
        const auto& all = by_standing[standing];
        QString part = name_of(standing) + ' ' + where_it_is_so(all.size(), verdicts.size());
        const QString detail = all.front()->detail;
        if (with_details && standing != Standing::kWorks && !detail.isEmpty()) {
            part += ": " + detail;
        }
        parts.push_back(part);
    }
    return parts.join(trial_words("; "));
}

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
}

int number_at(std::string_view text, size_t& at) {
    constexpr int kMostLines = 100'000'000;
    int number = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        number = std::min(kMostLines, number * 10 + (text[at++] - '0'));
    }
    return number;
}

// Where a line of the file begins a rule of this name: YARA's `rule NAME`, Lua's `id = "NAME"`.
std::optional<int> line_of_rule(std::string_view file, const std::string& rule) {
    const std::string_view name(rule);
    int line = 1;
    for (size_t at = 0; at < file.size(); ++line) {
        const size_t end = std::min(file.find('\n', at), file.size());
        const std::string_view text = file.substr(at, end - at);
        for (size_t found = text.find(name); found != text.npos;
             found = text.find(name, found + 1)) {
            const std::string_view before = text.substr(0, found);
            const size_t after = found + name.size();
            const bool ends = after == text.size() || !is_word(text[after]);
            const bool is_yara = before.ends_with("rule ") && ends;
            const bool is_lua = before.find("id") != before.npos && before.ends_with('"') &&
                                after < text.size() && text[after] == '"';
            if (is_yara || is_lua) {
                return line;
            }
        }
        at = end + 1;
    }
    return std::nullopt;
}

// What stands behind a file's name: ":16", ":16:3", ": Rule_Name".
TrialPlace place_behind(std::string_view rest, const std::string& file, std::string_view content) {
    TrialPlace place{file, 1, 1};
    size_t at = 1;
    if (rest.empty() || rest.front() != ':') {
        return place;
    }
    if (const int line = number_at(rest, at); line > 0) {
        place.line = line;
        if (at < rest.size() && rest[at] == ':') {
            ++at;
            place.column = std::max(1, number_at(rest, at));
        }
        return place;
    }
    while (at < rest.size() && rest[at] == ' ') {
        ++at;
    }
    size_t end = at;
    while (end < rest.size() && is_word(rest[end])) {
        ++end;
    }
    if (end > at) {
        place.line = line_of_rule(content, std::string(rest.substr(at, end - at))).value_or(1);
    }
    return place;
}

}  // namespace

QString name_of(TrialStanding standing) {
    switch (standing) {
        case Standing::kWorks:
            return trial_words("works");
        case Standing::kRuleFails:
            return trial_words("a rule fails");
        case Standing::kHarms:
            return trial_words("does harm");
        case Standing::kRefused:
            return trial_words("refused");
        case Standing::kNotDelivered:
            return trial_words("not delivered");
        case Standing::kNoAnswer:
            return trial_words("no answer");
        case Standing::kNotMade:
            break;
    }
    return trial_words("not tried");
}

Tone tone_of(TrialStanding standing) {
    switch (standing) {
        case Standing::kWorks:
            return Tone::kProtected;
        case Standing::kRuleFails:
            return Tone::kDegraded;
        case Standing::kHarms:
            return Tone::kAffected;
        case Standing::kRefused:
            return Tone::kRefused;
        case Standing::kNotDelivered:
        case Standing::kNoAnswer:
        case Standing::kNotMade:
            break;
    }
    return Tone::kOffline;
}

QString TrialVerdict::text() const {
    return detail.isEmpty() ? name_of(standing) : name_of(standing) + ": " + detail;
}

bool TrialVerdict::same_as(const TrialVerdict& other) const {
    return standing == other.standing && outcome.code == other.outcome.code &&
           outcome.category == other.outcome.category && set_off_by == other.set_off_by &&
           rule == other.rule;
}

TrialVerdict verdict_of(const bridge::PersonaTrial& trial, content::Feed feed) {
    TrialVerdict out;
    if (!trial.delivery) {
        out.detail = trial_words("no machine met it within a day");
        return out;
    }
    const auto delivery = assay::parse_transition(trial.delivery->json);
    if (!delivery.ok()) {
        out.standing = Standing::kNotMade;
        out.detail = trial_text(delivery.error().text());
        return out;
    }
    out.outcome = delivery->outcome;
    if (out.outcome.category != Category::kInstalled) {
        out.standing =
            is_never_there(out.outcome.category) ? Standing::kNotDelivered : Standing::kRefused;
        out.detail = code_and_place(out.outcome);
        return out;
    }
    out.standing = Standing::kWorks;
    for (const record::Assay& workload : trial.workloads) {
        const auto done = assay::parse_transition(workload.json);
        if (done.ok() && out.standing != Standing::kHarms) {
            judge_workload(*done, feed, out);
        }
    }
    return out;
}

std::vector<TrialRow> rows_of(const bridge::TrialResult& result, content::Feed feed) {
    std::vector<TrialRow> rows;
    const bridge::TrialSide& other = result.unmodified ? *result.unmodified : result.tried;
    const bridge::TrialSide& named = result.tried.problem ? other : result.tried;  // with titles
    for (const bridge::PersonaTrial& one : named.personas) {
        const auto on = [&](const bridge::TrialSide& side) {
            const auto found =
                std::ranges::find(side.personas, one.persona, &bridge::PersonaTrial::persona);
            TrialVerdict verdict;
            if (side.problem || found == side.personas.end()) {
                verdict.standing = Standing::kNotMade;
                return verdict;
            }
            return verdict_of(*found, feed);
        };
        TrialRow row{one.persona, one.title, on(result.tried), std::nullopt};
        if (result.unmodified != nullptr) {
            row.unmodified = on(*result.unmodified);
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

QString headline_of(const std::vector<TrialRow>& rows) {
    if (rows.empty()) {
        return {};
    }
    std::vector<const TrialVerdict*> tried, unmodified;
    for (const TrialRow& row : rows) {
        tried.push_back(&row.tried);
        if (row.unmodified) {
            unmodified.push_back(&*row.unmodified);
        }
    }
    QString out = summary(tried, true);
    out.replace(0, 1, out.left(1).toUpper());
    if (unmodified.empty()) {
        return out;
    }
    return std::ranges::none_of(rows, &TrialRow::differs)
               ? trial_words("%1; the same comes of the unmodified content").arg(out)
               : trial_words("%1; unmodified: %2").arg(out, summary(unmodified, true));
}

QString text_of(const bridge::DamageDone& damage) {
    const QString file = trial_text(damage.file);
    const auto number = [](uint64_t n) {
        return trial_text(base::with_thousands(static_cast<int64_t>(n)));
    };
    if (!damage.happened) {
        return trial_words("%1: it has no such byte, and comes as it is (%2 bytes)")
            .arg(file, number(damage.size));
    }
    if (damage.flipped == 0) {
        return trial_words("%1: ends before byte %2 of %3, in %4")
            .arg(file, number(damage.offset), number(damage.size), trial_text(damage.part));
    }
    int bit = 0;
    while ((damage.flipped >> bit) > 1) {
        ++bit;
    }
    return trial_words("%1: byte %2 of %3 was 0x%4 and is 0x%5 (bit %6), in %7")
        .arg(file, number(damage.offset), number(damage.size))
        .arg(damage.before, 2, 16, QChar('0'))
        .arg(damage.before ^ damage.flipped, 2, 16, QChar('0'))
        .arg(bit)
        .arg(trial_text(damage.part));
}

std::optional<TrialPlace> place_in(const std::string& text, const bridge::TrialFiles& files) {
    std::optional<TrialPlace> best;
    size_t best_at = std::string::npos;
    for (const auto& [name, bytes] : files) {
        const std::string_view content = base::text_of(*bytes);
        for (size_t at = text.find(name); at != text.npos && !name.empty();
             at = text.find(name, at + 1)) {
            const bool begins = at == 0 || !is_word(text[at - 1]);
            const std::string_view rest = std::string_view(text).substr(at + name.size());
            if (begins && (rest.empty() || !is_word(rest.front())) && at < best_at) {
                best = place_behind(rest, name, content);
                best_at = at;
                break;
            }
        }
    }
    for (auto file = files.begin(); !best && !text.empty() && file != files.end(); ++file) {
        if (const auto line = line_of_rule(base::text_of(*file->second), text)) {
            best = TrialPlace{file->first, *line, 1};
        }
    }
    return best;
}

std::optional<TrialPlace> place_of(const TrialVerdict& verdict, const bridge::TrialFiles& files) {
    for (const std::string& text : {verdict.failure, verdict.rule}) {
        if (const auto place = place_in(text, files)) {
            return place;
        }
    }
    for (const auto& [name, value] : verdict.outcome.evidence) {
        if (const auto place = place_in(value, files)) {
            return place;
        }
    }
    return std::nullopt;
}

void TrialTable::set_rows(std::vector<TrialRow> rows) {
    beginResetModel();
    rows_ = std::move(rows);
    endResetModel();
}

int TrialTable::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int TrialTable::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : kColumns;
}

QVariant TrialTable::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) {
        return {};
    }
    const TrialRow& row = rows_[static_cast<size_t>(index.row())];
    const TrialVerdict* verdict = index.column() == kTried ? &row.tried
                                  : index.column() == kUnmodified && row.unmodified
                                      ? &*row.unmodified
                                      : nullptr;
    switch (role) {
        case Qt::DisplayRole:
        case Qt::ToolTipRole:
            if (index.column() == kPersona) {
                return trial_text(row.title);
            }
            return verdict == nullptr ? tr("–") : verdict->text();
        case kToneRole:
            return verdict == nullptr ? QVariant() : QVariant(int(tone_of(verdict->standing)));
        case kDiffersRole:
            return row.differs();
        default:
            return {};
    }
}

QVariant TrialTable::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) {
        return {};
    }
    switch (section) {
        case kPersona:
            return tr("Persona");
        case kTried:
            return tr("This content");
        case kUnmodified:
            return tr("Unmodified");
        default:
            return {};
    }
}

}  // namespace firebreak::models
