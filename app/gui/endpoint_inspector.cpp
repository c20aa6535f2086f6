#include "gui/endpoint_inspector.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QListView>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QStringListModel>
#include <QVBoxLayout>
#include <algorithm>

#include "base/harm.h"
#include "gui/desk.h"
#include "gui/theme.h"
#include "gui/words.h"

namespace firebreak::gui {

namespace {

constexpr int kEndpointFacts_ms = 150;
constexpr int kNoEndpoint = -1;

uint64_t endpoints_in(const record::Run& run) {
    uint64_t all = 0;
    for (const record::Group& group : run.header.groups) {
        all += group.endpoints;
    }
    return all;
}

// Of an endpoint, or of a group: its rows, from and up to but without.
std::pair<uint32_t, uint32_t> rows_of_group(const record::Run& run, int32_t group) {
    uint32_t begin = 0;
    for (int32_t g = 0; g < group; ++g) {
        begin += run.header.groups[static_cast<size_t>(g)].endpoints;
    }
    return {begin, begin + run.header.groups[static_cast<size_t>(group)].endpoints};
}

QString persona_words(const record::Header& header, const std::string& name) {
    const auto found = std::ranges::find(header.personas, name, &record::Persona::name);
    return found == header.personas.end() || found->title.empty() || found->title == name
               ? words(name)
               : words(found->title) + " (" + words(name) + ")";
}

QLabel* wrapped_label(const char* name) {
    auto* label = new QLabel;
    label->setObjectName(name);
    label->setWordWrap(true);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    return label;
}

}  // namespace

EndpointInspector::EndpointInspector(Desk& desk, QWidget* parent)
    : QWidget(parent), desk_(desk), events_(desk.store()) {
    make_number_line();
    make_history();
    missing_ = wrapped_label("inspector_endpoint_missing");
    facts_ = new FactsTable;
    facts_->setObjectName("inspector_endpoint_facts");
    facts_->setAccessibleName(tr("What is known of the endpoint"));
    put_together();
    wait_.setSingleShot(true);
    wait_.setInterval(kEndpointFacts_ms);
    connect(&wait_, &QTimer::timeout, this, &EndpointInspector::refresh);
    connect(&desk_.store(), &models::RunStore::grown, this, [this] {
        if (!wait_.isActive()) {
            wait_.start();
        }
    });
    connect(&desk_.store(), &models::RunStore::restarted, this, &EndpointInspector::restart);
    connect(&desk_.store(), &models::RunStore::shown_changed, this, &EndpointInspector::refresh);
    connect(&desk_.selection(), &models::Selection::changed, this,
            &EndpointInspector::take_selection);
    connect(&desk_.session(), &bridge::RunSession::followed, this,
            &EndpointInspector::show_history);
    connect(&desk_.session(), &bridge::RunSession::state_changed, this,
            &EndpointInspector::refresh);
    restart();
}

void EndpointInspector::make_number_line() {
    number_ = new QSpinBox;
    number_->setObjectName("inspector_endpoint");
    number_->setAccessibleName(tr("Endpoint number"));
    number_->setGroupSeparatorShown(true);
    number_->setLocale(QLocale(QLocale::English, QLocale::UnitedStates));
    number_->setKeyboardTracking(false);
    number_->setSpecialValueText(tr("none"));
    number_->setRange(kNoEndpoint, kNoEndpoint);
    number_->setFont(tabular(number_->font()));
    connect(number_, &QSpinBox::valueChanged, this, &EndpointInspector::choose);
    next_ = new QPushButton(tr("&Next that failed"));
    next_->setObjectName("inspector_next_failed");
    next_->setAccessibleName(tr("Next endpoint that failed"));
    next_->setToolTip(
        tr("The next endpoint, of the selected group or of all, to which "
           "something bad happened"));
    connect(next_, &QPushButton::clicked, this, &EndpointInspector::choose_next_failed);
}

void EndpointInspector::make_history() {
    history_title_ = wrapped_label("inspector_history_title");
    history_ = new QListView;
    history_->setObjectName("inspector_history");
    history_->setAccessibleName(tr("What happened to the endpoint"));
    history_->setFrameShape(QFrame::NoFrame);
    history_->setUniformItemSizes(true);
    history_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    history_->setTextElideMode(Qt::ElideRight);
    history_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    history_->setFont(tabular(history_->font()));
    whole_ = new QStringListModel(this);
    work_out_ = new QPushButton(tr("&Work out its whole history"));
    work_out_->setObjectName("inspector_work_out");
    work_out_->setAccessibleName(tr("Work out the endpoint's whole history"));
    work_out_->setToolTip(
        tr("Follows this endpoint alone from the first second on, with real components"));
    connect(work_out_, &QPushButton::clicked, this, &EndpointInspector::ask_for_history);
    busy_ = new QProgressBar;
    busy_->setObjectName("inspector_busy");
    busy_->setAccessibleName(tr("The history is being worked out"));
    busy_->setRange(0, 0);
    busy_->setTextVisible(false);
    problem_ = wrapped_label("inspector_problem");
}

void EndpointInspector::put_together() {
    auto* label = new QLabel(tr("&Endpoint"));
    label->setBuddy(number_);
    auto* line = new QHBoxLayout;
    line->addWidget(label);
    line->addWidget(number_, 1);
    line->addWidget(next_);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(kGrid, kGrid, kGrid, kGrid);
    layout->setSpacing(kGrid);
    layout->addLayout(line);
    layout->addWidget(missing_);
    layout->addWidget(facts_, 3);
    layout->addWidget(history_title_);
    layout->addWidget(history_, 2);
    layout->addWidget(problem_);
    layout->addWidget(busy_);
    layout->addWidget(work_out_);
}

void EndpointInspector::restart() {
    const auto& store = desk_.store();
    const auto count = store.empty() ? 0 : endpoints_in(store.run());
    {
        const QSignalBlocker quiet(number_);
        number_->setRange(kNoEndpoint, static_cast<int>(count) - 1);
    }
    asked_.reset();
    endpoint_.reset();
    take_selection();
    if (endpoint_) {
        desk_.session().look_at({*endpoint_});  // the engine is another one
    }
    refresh();
}

void EndpointInspector::take_selection() {
    const auto wanted = desk_.selection().endpoint();
    if (wanted == endpoint_) {
        return;
    }
    endpoint_ = wanted;
    {
        const QSignalBlocker quiet(number_);
        number_->setValue(wanted ? static_cast<int>(*wanted) : kNoEndpoint);
    }
    events_.set_endpoint(wanted);
    desk_.session().look_at(wanted ? std::vector<uint32_t>{*wanted} : std::vector<uint32_t>{});
    problem_->clear();
    show_events();
    refresh();
}

void EndpointInspector::choose(int number) {
    models::Selection& selection = desk_.selection();
    if (number == kNoEndpoint || desk_.store().empty()) {
        selection.set_endpoint(std::nullopt);
        return;
    }
    const auto endpoint = static_cast<uint32_t>(number);
    const auto group = selection.group();
    const auto groups = static_cast<int32_t>(desk_.store().run().header.groups.size());
    for (int32_t g = 0; group && g < groups; ++g) {
        const auto [begin, end] = rows_of_group(desk_.store().run(), g);
        if (endpoint >= begin && endpoint < end) {
            selection.set_group(g);
        }
    }
    selection.set_endpoint(endpoint);
}

void EndpointInspector::choose_next_failed() {
    if (desk_.store().empty()) {
        return;
    }
    const record::Run& run = desk_.store().run();
    const auto group = desk_.selection().group();
    const auto [begin, end] = group ? rows_of_group(run, *group)
                                    : std::pair(0u, static_cast<uint32_t>(endpoints_in(run)));
    const bool inside = endpoint_ && *endpoint_ >= begin && *endpoint_ < end;
    const auto next = models::EndpointEvents::next_failed(
        desk_.store(), inside ? *endpoint_ : std::numeric_limits<uint32_t>::max(), begin, end);
    if (next) {
        number_->setValue(static_cast<int>(*next));
    } else {
        problem_->setText(tr("Nothing bad has happened to an endpoint here so far."));
        problem_->show();
    }
}

bool EndpointInspector::can_be_asked() const {
    using enum bridge::RunSession::State;
    const auto state = desk_.session().state();
    return !desk_.scenario().empty() && (state == kPaused || state == kRunning || state == kEnded);
}

void EndpointInspector::ask_for_history() {
    if (endpoint_ && can_be_asked()) {
        asked_ = endpoint_;
        desk_.session().follow(*endpoint_);
        problem_->clear();
        refresh_history_state();
    }
}

void EndpointInspector::show_history(quint32 endpoint, const QStringList& history,
                                     const QString& problem) {
    if (asked_ == endpoint) {
        asked_.reset();
    }
    if (endpoint_ == endpoint) {
        problem_->setText(problem);
        if (problem.isEmpty()) {
            whole_->setStringList(history);
            history_->setModel(whole_);
        }
    }
    refresh_history_state();
}

void EndpointInspector::show_events() {
    history_->setModel(&events_);
    refresh_history_state();
}

void EndpointInspector::refresh_history_state() {
    const bool whole = history_->model() == whole_;
    const bool asking = asked_.has_value() && can_be_asked();
    if (!can_be_asked()) {
        asked_.reset();  // nobody will answer any more
    }
    const int entries = history_->model() == nullptr ? 0 : history_->model()->rowCount();
    QString title =
        whole ? tr("Whole history, worked out alone and anew") : tr("Events in this run");
    if (endpoint_ && entries == 0) {
        title = whole ? tr("Worked out alone and anew: nothing has happened to it")
                      : tr("Nothing has happened to it in this run so far");
    }
    history_title_->setText(title);
    history_title_->setVisible(endpoint_.has_value());
    history_->setVisible(endpoint_.has_value());
    busy_->setVisible(asking);
    work_out_->setVisible(endpoint_.has_value());
    work_out_->setEnabled(!asking && can_be_asked());
    problem_->setVisible(!problem_->text().isEmpty());
}

QString EndpointInspector::missing() const {
    if (desk_.store().empty()) {
        return tr(
            "When a scenario runs, a single endpoint is explained here: what it suffers, "
            "what runs on it, and what happened to it.");
    }
    if (!endpoint_) {
        return tr("Type a number, press “Next that failed”, or click a cell of the fleet map.");
    }
    if (desk_.scenario().empty()) {
        return tr(
            "This run comes from a file, which does not hold single endpoints. Run its "
            "scenario again to look at one.");
    }
    if (desk_.store().is_back()) {
        return tr(
            "Of this moment of the past, the state of this endpoint was not kept. Its "
            "events are below; go back to the present for the rest.");
    }
    return can_be_asked() ? tr("Looking …")
                          : tr("The run has ended early: its endpoints cannot be asked any more.");
}

std::vector<Fact> EndpointInspector::facts() const {
    const auto fleet = desk_.store().shown_snapshot();
    if (fleet == nullptr || !endpoint_) {
        return {};
    }
    const auto found =
        std::ranges::find(fleet->endpoints, *endpoint_, &lab::EndpointSnapshot::endpoint);
    if (found == fleet->endpoints.end()) {
        return {};
    }
    std::vector<Fact> out = {
        {tr("Group"), words(found->group), false},
        {tr("Tenant"), grouped(found->tenant), false},
        {tr("Persona"), persona_words(desk_.store().run().header, found->persona), false},
        {tr("Exposed"), found->exposed ? tr("yes") : tr("no"), false},
        {tr("Refused content"), found->refused ? tr("yes") : tr("no"), false},
        {tr("Affected"), found->affected ? tr("yes") : tr("no"), found->affected}};
    if (found->infected) {
        out.push_back({tr("Infected"), tr("yes"), true});
    }
    if (found->harms.empty()) {
        out.push_back({tr("Suffers now"), tr("nothing"), false});
    }
    for (const std::string& name : found->harms) {
        const auto harm = base::find_harm(name);
        out.push_back(
            {tr("Suffers now"), harm ? words(base::info(*harm).meaning) : words(name), true});
    }
    for (const std::string& running : found->running) {
        const size_t space = std::min(running.find(' '), running.size());
        out.push_back({tr("Runs of %1").arg(words(running.substr(0, space))),
                       words(running.substr(std::min(space + 1, running.size()))), false});
    }
    return out;
}

void EndpointInspector::refresh() {
    const std::vector<Fact> known = facts();
    facts_->set_facts(known);
    facts_->setVisible(!known.empty());
    missing_->setText(known.empty() ? missing() : QString());
    missing_->setVisible(known.empty());
    const bool run = !desk_.store().empty();
    number_->setEnabled(run);
    next_->setEnabled(run && !desk_.store().events().empty());
    refresh_history_state();
}

}  // namespace firebreak::gui
