#include "record/database.h"

#include <fmt/format.h>

namespace firebreak::record {

base::Result<Database> Database::open(const std::filesystem::path& file, int flags) {
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
    Database database(file, handle);
    if (code != SQLITE_OK) {
        return database.error("open");
    }
    sqlite3_busy_timeout(handle, 2000);
    return database;
}

base::Status Database::run(const char* sql) {
    return sqlite3_exec(get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK ? base::Status{}
                                                                            : error("use");
}

base::Error Database::error(const std::string& doing) const {
    return {fmt::format("cannot {} the run file: {}", doing, sqlite3_errmsg(get())), file_.string(),
            ""};
}

Statement::Statement(const Database& database, const char* sql) {
    sqlite3_stmt* handle = nullptr;
    failed_ = sqlite3_prepare_v2(database.get(), sql, -1, &handle, nullptr) != SQLITE_OK;
    handle_.reset(handle);
}

Statement& Statement::bind(int64_t value) {
    failed_ |= sqlite3_bind_int64(handle_.get(), next_++, value) != SQLITE_OK;
    return *this;
}

Statement& Statement::bind(double value) {
    failed_ |= sqlite3_bind_double(handle_.get(), next_++, value) != SQLITE_OK;
    return *this;
}

Statement& Statement::bind(const std::string& value) {
    failed_ |= sqlite3_bind_text64(handle_.get(), next_++, value.data(), value.size(),
                                   SQLITE_TRANSIENT, SQLITE_UTF8) != SQLITE_OK;
    return *this;
}

Statement& Statement::bind_null() {
    failed_ |= sqlite3_bind_null(handle_.get(), next_++) != SQLITE_OK;
    return *this;
}

bool Statement::run() {
    if (failed_) {
        return false;
    }
    failed_ = sqlite3_step(handle_.get()) != SQLITE_DONE;
    sqlite3_reset(handle_.get());
    next_ = 1;
    return !failed_;
}

bool Statement::row() {
    if (failed_) {
        return false;
    }
    const int code = sqlite3_step(handle_.get());
    failed_ = code != SQLITE_ROW && code != SQLITE_DONE;
    return code == SQLITE_ROW;
}

bool Statement::null(int column) const {
    return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(handle_.get(), column);
}

double Statement::real(int column) const {
    return sqlite3_column_double(handle_.get(), column);
}

std::string Statement::text(int column) const {
    const auto* text = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
    return text == nullptr
               ? ""
               : std::string(text,
                             static_cast<size_t>(sqlite3_column_bytes(handle_.get(), column)));
}

}  // namespace firebreak::record
