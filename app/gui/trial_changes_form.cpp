#include "gui/trial_changes_form.h"

#include <QComboBox>
#include <QCoreApplication>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>
#include <algorithm>
#include <limits>

#include "gui/theme.h"
#include "gui/words.h"

namespace firebreak::gui {

namespace {

using bridge::TrialFault;
using scenario::FaultKind;
using scenario::FaultTarget;
using scenario::SignedBy;

constexpr size_t kMostFaults = 3;  // a replay of what another key has signed is the fourth
constexpr int kStale_h = 30 * 24;

QString form_words(const char* english) {
    return QCoreApplication::translate("TrialChangesForm", english);
}

bool is_damage(FaultKind kind) {
    return kind == FaultKind::kBitFlip || kind == FaultKind::kTruncate;
}

QString kind_words(FaultKind kind) {
    switch (kind) {
        case FaultKind::kBitFlip:
            return form_words("One bit flipped");
        case FaultKind::kTruncate:
            return form_words("Cut short");
        case FaultKind::kInflate:
            return form_words("Oversized when unpacked");
        case FaultKind::kEndless:
            return form_words("Oversized without end");
        case FaultKind::kMissing:
            return form_words("Missing");
        case FaultKind::kSlow:
            return form_words("Very slow");
        default:
            return {};
    }
}

QString target_words(FaultTarget target) {
    switch (target) {
        case FaultTarget::kPayload:
            return form_words("the payload");
        case FaultTarget::kPackage:
            return form_words("the signed package");
        case FaultTarget::kSignature:
            return form_words("the signature");
        case FaultTarget::kChain:
            return form_words("the certificates");
        case FaultTarget::kManifest:
            return form_words("the manifest");
        case FaultTarget::kLength:
            return form_words("the encoding: a length");
        case FaultTarget::kEncoding:
            return form_words("the encoding: a tag");
        case FaultTarget::kHead:
            return form_words("the head");
        case FaultTarget::kSet:
            return form_words("the set manifest (hardened)");
    }
    return {};
}

QString signer_words(SignedBy signer) {
    switch (signer) {
        case SignedBy::kVendor:
            return form_words("the vendor, for this feed");
        case SignedBy::kOtherFeed:
            return form_words("the vendor, for another feed");
        case SignedBy::kOtherRoot:
            return form_words("somebody else: another root");
        case SignedBy::kWrongUsage:
            return form_words("a certificate not for signing code");
        case SignedBy::kExpired:
            return form_words("a certificate that has expired");
        case SignedBy::kNobody:
            return form_words("nobody: the signature is cut off");
    }
    return {};
}

QComboBox* choice(const char* id, const QString& name) {
    auto* out = new QComboBox;
    out->setObjectName(QLatin1String(id));
    out->setAccessibleName(name);
    out->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    out->setMinimumContentsLength(12);
    return out;
}

QPushButton* form_button(const QString& text, const char* id) {
    auto* out = new QPushButton(text);
    out->setObjectName(QLatin1String(id));
    out->setAccessibleName(QString(text).remove('&'));
    out->setAutoDefault(false);
    return out;
}

}  // namespace

QString words(const TrialFault& fault) {
    const QString what =
        form_words("%1: %2").arg(kind_words(fault.kind), target_words(fault.target));
    if (!is_damage(fault.kind)) {
        return what;
    }
    if (!fault.byte) {
        return form_words("%1, at a drawn place").arg(what);
    }
    return fault.kind == FaultKind::kTruncate
               ? form_words("%1, before byte %2").arg(what, grouped(*fault.byte))
               : form_words("%1, byte %2, bit %3").arg(what, grouped(*fault.byte)).arg(fault.bit);
}

TrialChangesForm::TrialChangesForm(QWidget* parent) : QWidget(parent) {
    kind_ = choice("workbench_fault_kind", tr("What happens on the way"));
    for (const FaultKind kind : {FaultKind::kBitFlip, FaultKind::kTruncate, FaultKind::kInflate,
                                 FaultKind::kEndless, FaultKind::kMissing, FaultKind::kSlow}) {
        kind_->addItem(kind_words(kind), static_cast<int>(kind));
    }
    target_ = choice("workbench_fault_target", tr("To what it happens"));
    connect(kind_, &QComboBox::currentIndexChanged, this, [this] {
        fill_targets();
        show_state();
    });
    add_ = form_button(tr("&Add"), "workbench_add_fault");
    connect(add_, &QPushButton::clicked, this, &TrialChangesForm::add);
    list_ = new QListWidget;
    list_->setObjectName("workbench_faults");
    list_->setAccessibleName(tr("What happens on the way"));
    list_->setFrameShape(QFrame::NoFrame);
    list_->setMinimumHeight(2 * fontMetrics().height());
    connect(list_, &QListWidget::currentRowChanged, this, [this] { show_state(); });
    remove_ = form_button(tr("&Take away"), "workbench_remove_fault");
    connect(remove_, &QPushButton::clicked, this, &TrialChangesForm::remove);
    redraw_ = form_button(tr("&Draw another place"), "workbench_redraw");
    connect(redraw_, &QPushButton::clicked, this, [this] {
        ++seed_;
        show_state();
        Q_EMIT changed();
    });
    hint_ = new QLabel;
    hint_->setObjectName("workbench_fault_hint");
    hint_->setWordWrap(true);
    hint_->setFont(small_font());
    auto* fault = new QHBoxLayout;
    fault->setSpacing(kGrid / 2);
    fault->addWidget(kind_, 1);
    fault->addWidget(target_, 1);
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(kGrid / 2);
    buttons->addWidget(remove_);
    buttons->addWidget(redraw_);
    buttons->addStretch();
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, kGrid / 2, 0, 0);
    layout->setSpacing(kGrid / 2);
    layout->addWidget(built_signing());
    layout->addWidget(new QLabel(tr("On the way to the machines:")));
    layout->addLayout(fault);
    layout->addWidget(built_place());
    layout->addWidget(list_, 1);
    layout->addLayout(buttons);
    layout->addWidget(hint_);
    fill_targets();
    show_state();
}

QWidget* TrialChangesForm::built_signing() {
    signer_ = choice("workbench_signer", tr("Who signs it"));
    for (const SignedBy signer : {SignedBy::kVendor, SignedBy::kOtherFeed, SignedBy::kOtherRoot,
                                  SignedBy::kWrongUsage, SignedBy::kExpired, SignedBy::kNobody}) {
        signer_->addItem(signer_words(signer), static_cast<int>(signer));
    }
    when_ = choice("workbench_when", tr("When it is signed"));
    when_->addItem(tr("when it is published"));
    when_->addItem(tr("before that (stale)"));
    when_->addItem(tr("after that (in the future)"));
    hours_ = new QSpinBox;
    hours_->setObjectName("workbench_hours");
    hours_->setAccessibleName(tr("Hours between signing and publication"));
    hours_->setRange(1, 24 * 3650);
    hours_->setValue(kStale_h);
    hours_->setSuffix(tr(" h"));
    hours_->setGroupSeparatorShown(true);
    for (QComboBox* one : {signer_, when_}) {
        connect(one, &QComboBox::currentIndexChanged, this, [this] {
            show_state();
            Q_EMIT changed();
        });
    }
    connect(hours_, &QSpinBox::valueChanged, this, &TrialChangesForm::changed);
    auto* signer = new QLabel(tr("Signed &by"));
    signer->setBuddy(signer_);
    auto* when = new QLabel(tr("Si&gned"));
    when->setBuddy(when_);
    auto* out = new QWidget;
    auto* grid = new QGridLayout(out);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setSpacing(kGrid / 2);
    grid->addWidget(signer, 0, 0);
    grid->addWidget(signer_, 0, 1, 1, 2);
    grid->addWidget(when, 1, 0);
    grid->addWidget(when_, 1, 1);
    grid->addWidget(hours_, 1, 2);
    grid->setColumnStretch(1, 1);
    return out;
}

QWidget* TrialChangesForm::built_place() {
    where_ = choice("workbench_where", tr("Where the damage falls"));
    where_->addItem(tr("at a drawn place"));
    where_->addItem(tr("at this byte:"));
    byte_ = new QSpinBox;
    byte_->setObjectName("workbench_fault_byte");
    byte_->setAccessibleName(tr("Byte of what is damaged, from 0"));
    byte_->setRange(0, std::numeric_limits<int>::max());
    byte_->setGroupSeparatorShown(true);
    byte_->setPrefix(tr("byte "));
    bit_ = new QSpinBox;
    bit_->setObjectName("workbench_fault_bit");
    bit_->setAccessibleName(tr("Bit of that byte, from the lowest"));
    bit_->setRange(0, 7);
    bit_->setPrefix(tr("bit "));
    connect(where_, &QComboBox::currentIndexChanged, this, [this] { show_state(); });
    auto* out = new QWidget;
    auto* row = new QHBoxLayout(out);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(kGrid / 2);
    row->addWidget(where_, 1);
    row->addWidget(byte_);
    row->addWidget(bit_);
    row->addWidget(add_);
    return out;
}

// Only a bit can be wrong in a part of a file; everything else befalls whole files.
void TrialChangesForm::fill_targets() {
    const auto kind = static_cast<FaultKind>(kind_->currentData().toInt());
    const QVariant before = target_->currentData();
    target_->clear();
    for (const FaultTarget target :
         {FaultTarget::kPayload, FaultTarget::kSignature, FaultTarget::kManifest,
          FaultTarget::kChain, FaultTarget::kLength, FaultTarget::kEncoding, FaultTarget::kPackage,
          FaultTarget::kHead, FaultTarget::kSet}) {
        const bool is_file = target == FaultTarget::kPayload || target == FaultTarget::kPackage ||
                             target == FaultTarget::kHead || target == FaultTarget::kSet;
        if (is_file || kind == FaultKind::kBitFlip) {
            target_->addItem(target_words(target), static_cast<int>(target));
        }
    }
    target_->setCurrentIndex(std::max(0, target_->findData(before)));
}

bool TrialChangesForm::has_damage() const {
    return std::ranges::any_of(faults_, [](const TrialFault& one) { return is_damage(one.kind); });
}

TrialFault TrialChangesForm::fault_here() const {
    TrialFault out;
    out.kind = static_cast<FaultKind>(kind_->currentData().toInt());
    out.target = static_cast<FaultTarget>(target_->currentData().toInt());
    if (is_damage(out.kind) && where_->currentIndex() == 1) {
        out.byte = static_cast<uint64_t>(byte_->value());
        out.bit = out.kind == FaultKind::kBitFlip ? static_cast<uint8_t>(bit_->value()) : 0;
    }
    return out;
}

void TrialChangesForm::show_state() {
    const auto kind = static_cast<FaultKind>(kind_->currentData().toInt());
    const bool named = where_->currentIndex() == 1;
    where_->setEnabled(is_damage(kind));
    byte_->setVisible(is_damage(kind) && named);
    bit_->setVisible(kind == FaultKind::kBitFlip && named);
    hours_->setVisible(when_->currentIndex() > 0);
    const bool second = is_damage(kind) && has_damage();
    const bool full = faults_.size() >= kMostFaults;
    add_->setEnabled(!second && !full);
    remove_->setEnabled(list_->currentRow() >= 0);
    const bool drawn = std::ranges::any_of(
        faults_, [](const TrialFault& one) { return is_damage(one.kind) && !one.byte; });
    redraw_->setEnabled(drawn);
    hint_->setText(faults_.empty() && add_->isEnabled()
                       ? tr("Nothing happens on the way yet: choose what should, and add it. To "
                            "change what is signed, edit the files.")
                   : second ? tr("One bit flip or one cut at a time: take the other away first.")
                   : full   ? tr("No more than three at a time.")
                   : drawn  ? tr("Place number %1; the result says where it is.").arg(seed_)
                            : tr("This happens after signing."));
}

void TrialChangesForm::add() {
    const TrialFault fault = fault_here();
    faults_.push_back(fault);
    list_->addItem(words(fault));
    list_->item(list_->count() - 1)->setToolTip(words(fault));
    list_->setCurrentRow(list_->count() - 1);
    show_state();
    Q_EMIT changed();
}

void TrialChangesForm::remove() {
    const int row = list_->currentRow();
    if (row < 0) {
        return;
    }
    faults_.erase(faults_.begin() + row);
    delete list_->takeItem(row);
    show_state();
    Q_EMIT changed();
}

void TrialChangesForm::reset() {
    faults_.clear();
    list_->clear();
    signer_->setCurrentIndex(0);
    when_->setCurrentIndex(0);
    show_state();
    Q_EMIT changed();
}

bridge::TrialChanges TrialChangesForm::changes() const {
    bridge::TrialChanges out;
    out.faults = faults_;
    out.signed_by = static_cast<SignedBy>(signer_->currentData().toInt());
    const int sign = when_->currentIndex() == 0 ? 0 : when_->currentIndex() == 1 ? -1 : 1;
    out.signed_after = base::hours(sign * hours_->value());
    return out;
}

}  // namespace firebreak::gui
