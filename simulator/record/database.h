// A thin owner of an SQLite connection, for this folder alone.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"

namespace firebreak::record {

// "FBRK" and the version of resources/run_schema.sql.
inline constexpr int kApplicationId = 0x4642524b;
inline constexpr int kSchemaVersion = 5;

class Database {
  public:
    static base::Result<Database> open(const std::filesystem::path& file, int flags);

    base::Status run(const char* sql);
    base::Error error(const std::string& doing) const;
    sqlite3* get() const { return handle_.get(); }

  private:
    struct Close {
        void operator()(sqlite3* handle) const { sqlite3_close(handle); }
    };
    Database(std::filesystem::path file, sqlite3* handle)
        : file_(std::move(file)), handle_(handle) {}

    std::filesystem::path file_;
    std::unique_ptr<sqlite3, Close> handle_;
};

// A prepared statement. bind() and run() report through the database's error().
class Statement {
  public:
    Statement(const Database& database, const char* sql);

    Statement& bind(int64_t value);
    Statement& bind(double value);
    Statement& bind(const std::string& value);
    Statement& bind_null();
    // Executes a statement that yields no rows, and makes it ready for the next binding.
    bool run();
    // Steps to the next row; false at the end or on an error (then failed() is true).
    bool row();
    bool failed() const { return failed_; }
    bool null(int column) const;
    int64_t integer(int column) const;
    double real(int column) const;
    std::string text(int column) const;

  private:
    struct Finalize {
        void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
    };
    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
    int next_ = 1;
    bool failed_ = false;
};

}  // namespace firebreak::record
