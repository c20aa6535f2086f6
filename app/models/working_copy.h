// A folder of content that somebody works on: what it was, and what has been made of it.
#pragma once

#include <QObject>
#include <QString>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bridge/trial_scenario.h"
#include "content/catalogue.h"

namespace firebreak::models {

// A version of a feed's content under fixtures/content.
struct ContentFixture {
    content::Feed feed = content::Feed::kDatasetA;
    std::string kind;     // "good", "defective", "corrupt", "malicious"
    std::string version;  // the folder's name
    std::filesystem::path folder;
    QString says;  // a line: the first of its README, or of what its first file says of itself

    std::string name() const;  // "defective/DatasetA/blind", as scenarios call it
};

// Of a feed, good ones first, each kind by name.
std::vector<ContentFixture> content_fixtures(const std::filesystem::path& fixtures,
                                             content::Feed feed);

// To be used from one thread. All in memory: nothing is written to the folder that was opened.
class WorkingCopy final : public QObject {
    Q_OBJECT

  public:
    using Bytes = std::shared_ptr<const base::Bytes>;
    enum class Change : unsigned char { kNone, kEdited, kAdded, kRemoved };
    struct Entry {
        std::string name;
        Change change = Change::kNone;
        Bytes bytes;  // as it is now; of a removed one, as it was
        friend bool operator==(const Entry&, const Entry&) = default;
    };

    explicit WorkingCopy(std::filesystem::path fixtures, QObject* parent = nullptr);

    // In place of what is open, changes and all. A lone fixture rule joins the newest good
    // version of its feed. Errors leave everything as it is: unreadable, no files, too much.
    base::Status open(content::Feed feed, const std::filesystem::path& folder);
    bool is_open() const { return !folder_.empty(); }
    content::Feed feed() const { return feed_; }
    const std::filesystem::path& folder() const { return folder_; }
    QString name() const;  // "defective/DatasetA/blind", or the folder

    // By name; removed ones are among them.
    std::vector<Entry> entries() const;
    std::optional<Entry> entry(const std::string& name) const;
    // True: files, or what joins them, are not what they were.
    bool is_modified() const;

    const bridge::TrialContent& content() const { return now_; }
    const bridge::TrialContent& original() const { return original_; }

    void set(const std::string& name, base::Bytes bytes);
    // Errors: there is one, or nothing may be called so.
    base::Status add(const std::string& name, base::Bytes bytes);
    void remove(const std::string& name);
    void restore(const std::string& name);  // one that was added goes
    void join(const std::vector<std::string>& with);
    void replace(const bridge::TrialContent& content);  // all of it
    // What has been written as it is now counts as unchanged from here on.
    void settle() { put_original(now_); }
    // Versions that it may join: the good ones of its feed.
    std::vector<std::string> joinable() const;

  Q_SIGNALS:
    void opened();
    void changed();

  private:
    bool is_lone_rule() const;
    void put_original(const bridge::TrialContent& content);

    std::filesystem::path fixtures_, folder_;
    content::Feed feed_ = content::Feed::kDatasetA;
    bridge::TrialContent now_, original_;
};

// Whether somebody can read and write it: UTF-8 without control characters, and not too much.
bool is_text(const base::Bytes& bytes);
// The first bytes of a file, 16 a line: offset, hexadecimal, and what of it is ASCII.
QString hex_view(const base::Bytes& bytes, size_t most);

}  // namespace firebreak::models
