// What a trial of content means for people.
#pragma once

#include <QAbstractTableModel>
#include <QString>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/outcome.h"
#include "bridge/content_trial.h"
#include "models/run_chart.h"

namespace firebreak::models {

enum class TrialStanding : unsigned char {
    kWorks,         // installed, and nothing came of it
    kRuleFails,     // installed; a rule in it failed, or was stopped
    kHarms,         // installed, and it does harm
    kRefused,       // turned away before it could run
    kNotDelivered,  // never arrived whole
    kNoAnswer,      // no machine has met it
    kNotMade,       // could not be signed, or not be tried
};

QString name_of(TrialStanding standing);  // "works"
Tone tone_of(TrialStanding standing);

// On one persona.
struct TrialVerdict {
    TrialStanding standing = TrialStanding::kNoAnswer;
    base::Outcome outcome;   // that decides: of the delivery, or of what set harm off
    std::string set_off_by;  // harm: by what, "C:\work\plan.txt"
    std::string rule;        // that failed, "loop"
    std::string failure;     // how
    // "signature is wrong", "killed at its CPU limit, set off by C:\work\plan.txt"; empty: nothing
    // more to say.
    QString detail;

    QString text() const;  // "refused: signature is wrong"
    // Whether the same came of both, whatever the evidence.
    bool same_as(const TrialVerdict& other) const;
};
TrialVerdict verdict_of(const bridge::PersonaTrial& trial, content::Feed feed);

struct TrialRow {
    std::string persona, title;
    TrialVerdict tried;
    std::optional<TrialVerdict> unmodified;
    bool differs() const { return unmodified && !tried.same_as(*unmodified); }
};
// Of a side with a problem, nothing is known on any persona; the problem itself is told elsewhere.
std::vector<TrialRow> rows_of(const bridge::TrialResult& result, content::Feed feed);

// In a sentence, without the last full stop: "Refused on all 4 personas: signature is wrong;
// unmodified: works on all".
QString headline_of(const std::vector<TrialRow>& rows);

// "rules.yar: byte 12 of 340 was 0x41 and is 0x40 (bit 0), in the payload".
QString text_of(const bridge::DamageDone& damage);

// A place in one of the files.
struct TrialPlace {
    std::string file;
    int line = 1, column = 1;
    friend bool operator==(const TrialPlace&, const TrialPlace&) = default;
};
// The first place in one of the files that the text names: "documents.yar:16", "padding.yar:
// Webshell_Letter" (where that rule begins), or a rule that is called as the text is. `text` comes
// from content, and may be anything.
std::optional<TrialPlace> place_in(const std::string& text, const bridge::TrialFiles& files);
// Where to look first: of the evidence, or of the rule that failed.
std::optional<TrialPlace> place_of(const TrialVerdict& verdict, const bridge::TrialFiles& files);

// Personas and what came of it on each, beside the unmodified content.
class TrialTable final : public QAbstractTableModel {
    Q_OBJECT

  public:
    enum Column { kPersona, kTried, kUnmodified, kColumns };
    // Beside Qt::DisplayRole: a Tone as int; whether the two differ (bool).
    enum Role { kToneRole = Qt::UserRole, kDiffersRole };

    using QAbstractTableModel::QAbstractTableModel;

    void set_rows(std::vector<TrialRow> rows);
    const std::vector<TrialRow>& rows() const { return rows_; }
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation,
                        int role = Qt::DisplayRole) const override;

  private:
    std::vector<TrialRow> rows_;
};

}  // namespace firebreak::models
