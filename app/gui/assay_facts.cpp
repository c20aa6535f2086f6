#include "gui/assay_facts.h"

#include <QCoreApplication>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <algorithm>
#include <iterator>
#include <map>

#include "base/outcome.h"
#include "base/text.h"
#include "gui/words.h"

namespace firebreak::gui {

namespace {

QString assay_words(const char* english) {
    return QCoreApplication::translate("AssayFacts", english);
}

// From outside, like all evidence: what cannot be shown is spelled out.
QString shown(const QString& text) {
    return words(base::printable(text.toStdString(), 4000));
}

void add_pairs(std::vector<Fact>& facts, const QJsonValue& outcome) {
    const QJsonArray pairs = outcome.toObject().value("evidence").toArray();
    for (const QJsonValue& pair : pairs) {
        facts.push_back({shown(pair.toArray().at(0).toString()),
                         shown(pair.toArray().at(1).toString()), false});
    }
}

// As it was recorded, name by name; as its text says where the record holds no more.
std::vector<Fact> evidence_facts(const record::Assay& assay) {
    std::vector<Fact> facts;
    const QJsonObject all = QJsonDocument::fromJson(QByteArray::fromStdString(assay.json)).object();
    add_pairs(facts, all.value("outcome"));
    const QJsonArray triggers = all.value("triggers").toArray();
    for (const QJsonValue& one : triggers) {
        const QJsonObject trigger = one.toObject();
        const auto code =
            static_cast<base::Code>(trigger.value("outcome").toObject().value("code").toInt());
        const QString when = trigger.value("at_once").toInt() != 0
                                 ? assay_words("from the installation on")
                                 : assay_words("%1 times an hour, in %2 of %3 trials")
                                       .arg(trigger.value("per_hour").toDouble(), 0, 'g', 3)
                                       .arg(trigger.value("hits").toDouble())
                                       .arg(trigger.value("trials").toDouble());
        facts.push_back({assay_words("set off by"), shown(trigger.value("what").toString()), true});
        facts.push_back({assay_words("comes to"), words(to_text(code)), false});
        facts.push_back({assay_words("happens"), when, false});
        add_pairs(facts, trigger.value("outcome"));
    }
    if (facts.empty() && !assay.evidence.empty()) {
        const QStringList parts = words(assay.evidence).split("; ");
        for (const QString& part : parts) {
            const qsizetype colon = part.indexOf(": ");
            facts.push_back({shown(part.left(std::max<qsizetype>(colon, 0))),
                             shown(colon < 0 ? part : part.mid(colon + 2)), false});
        }
    }
    return facts;
}

QString release_words(const record::Header& header, int32_t release) {
    return release >= 0 && static_cast<size_t>(release) < header.releases.size()
               ? words(header.releases[static_cast<size_t>(release)].name)
               : assay_words("baseline");
}

// What first went wrong with each rule, as it was recorded.
std::map<QString, QString> failures_of_rules(const record::Assay& assay) {
    std::map<QString, QString> out;
    const QJsonObject all = QJsonDocument::fromJson(QByteArray::fromStdString(assay.json)).object();
    const QJsonArray rules = all.value("rules").toArray();
    for (const QJsonValue& rule : rules) {
        const QJsonObject one = rule.toObject();
        if (const QString why = one.value("failure").toString(); !why.isEmpty()) {
            out.emplace(one.value("rule").toString(), why);
        }
    }
    return out;
}

void add_uses(std::vector<Fact>& facts, const record::Assay& assay, const record::Header& header) {
    const std::map<QString, QString> failures = failures_of_rules(assay);
    for (const record::ModelScore& one : assay.scores) {
        const QString score = one.score ? QString::number(*one.score, 'g', 3)
                                        : assay_words("no score: %1").arg(words(one.refusal));
        facts.push_back({assay_words("model %1 %2").arg(words(one.model), words(one.version)),
                         assay_words("%1 for %2 (malicious from %3 on)")
                             .arg(score, shown(words(one.where)))
                             .arg(one.threshold, 0, 'g', 3),
                         !one.telemetry && one.score && *one.score >= one.threshold});
    }
    for (const record::RuleUse& one : assay.rules) {
        facts.push_back(
            {assay_words("rule %1 (%2)").arg(words(one.rule), release_words(header, one.release)),
             assay_words("%1 calls, %2 errors, %3 detections")
                     .arg(grouped(one.calls), grouped(one.errors), grouped(one.detections)) +
                 (one.disabled ? assay_words("; switched off") : QString()),
             one.disabled || one.errors > 0});
        if (const auto why = failures.find(words(one.rule)); why != failures.end()) {
            facts.push_back({assay_words("first failure of %1").arg(words(one.rule)),
                             shown(why->second), true});
        }
    }
    for (const record::ExclusionUse& one : assay.exclusions) {
        facts.push_back(
            {assay_words("left unscanned for %1").arg(words(one.application)),
             shown(words(one.path)) + (one.refusal.empty()
                                           ? QString()
                                           : assay_words("; refused: %1").arg(words(one.refusal))),
             false});
    }
}

// A program that was met twice is told of once.
void drop_repeated(std::vector<Fact>& facts) {
    for (size_t i = 0; i < facts.size(); ++i) {
        const auto after = facts.begin() + static_cast<std::ptrdiff_t>(i) + 1;
        facts.erase(std::remove(after, facts.end(), Fact(facts[i])), facts.end());
    }
}

}  // namespace

std::vector<Fact> failures_of(const record::Assay& assay, const record::Header& header) {
    std::vector<Fact> facts = evidence_facts(assay), uses;
    add_uses(uses, assay, header);
    std::ranges::copy_if(uses, std::back_inserter(facts), &Fact::bad);
    for (const record::ExclusionUse& one : assay.exclusions) {
        if (!one.refusal.empty()) {
            facts.push_back({assay_words("exclusion refused"),
                             shown(words(one.path + ": " + one.refusal)), true});
        }
    }
    drop_repeated(facts);
    return facts;
}

std::vector<Fact> facts_of(const record::Assay& assay, const record::Header& header) {
    using base::Category;
    const bool well = assay.category == base::to_text(Category::kInstalled) ||
                      assay.category == base::to_text(Category::kNothingNew) ||
                      assay.category == base::to_text(Category::kRecovered);
    std::vector<Fact> facts = {
        {assay_words("Tried"), shown(words(assay.stimulus)), false},
        {assay_words("First at"), words(assay.at), false},
        {assay_words("Outcome"),
         words(assay.category) +
             (assay.code == to_text(base::Code::kNone) ? QString() : ": " + words(assay.code)),
         !well}};
    if (assay.stage != to_text(base::Stage::kNever)) {
        facts.push_back({assay_words("Caught at"), words(assay.stage), false});
    }
    for (Fact& fact : evidence_facts(assay)) {
        facts.push_back(std::move(fact));
    }
    add_uses(facts, assay, header);
    drop_repeated(facts);
    facts.push_back(
        assay.imported
            ? Fact{assay_words("Source"), assay_words("measured elsewhere, and imported"), false}
            : Fact{assay_words("Took"), assay_words("%1 ms").arg(assay.cost_ms, 0, 'f', 1), false});
    facts.push_back({assay_words("State before"), words(assay.state_before.substr(0, 16)), false});
    return facts;
}

QString evidence_of(const record::Assay& assay) {
    QStringList lines;
    for (const Fact& fact : evidence_facts(assay)) {
        lines << (fact.name.isEmpty() ? fact.value : fact.name + ": " + fact.value);
    }
    return lines.join('\n');
}

}  // namespace firebreak::gui
