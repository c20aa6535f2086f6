// The one result type. Nothing under simulator/ throws across a folder's boundary.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace firebreak::base {

// What went wrong, where, and what to do about it, in the words of the person who reads it.
struct Error {
    std::string message;  // "unknown key `seeed`"
    std::string place;    // "scenarios/a.toml:3:1"; empty when there is none
    std::string remedy;   // "did you mean `seed`?"; empty when there is none

    // "place: message; remedy", leaving out what is empty.
    std::string text() const {
        std::string out = place.empty() ? message : place + ": " + message;
        return remedy.empty() ? out : out + "; " + remedy;
    }
};

// A value or an Error. Reading the value of a failed Result ends the process: check first.
template <class T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    T& value() & { return *checked(std::get_if<0>(&state_)); }
    const T& value() const& { return *checked(std::get_if<0>(&state_)); }
    T&& value() && { return std::move(*checked(std::get_if<0>(&state_))); }
    const Error& error() const { return *checked(std::get_if<1>(&state_)); }

    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

  private:
    template <class P>
    static P* checked(P* pointer) {
        if (pointer == nullptr) {
            std::abort();
        }
        return pointer;
    }
    std::variant<T, Error> state_;
};

// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    bool ok() const { return !error_.has_value(); }
    explicit operator bool() const { return ok(); }
    const Error& error() const {
        if (!error_) {
            std::abort();
        }
        return *error_;
    }

  private:
    std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace firebreak::base

#define FIREBREAK_JOIN_(a, b) a##b
#define FIREBREAK_JOIN(a, b) FIREBREAK_JOIN_(a, b)

// FB_TRY(auto bytes, read_file(path)): the value, or return the error from this function.
#define FB_TRY(declaration, expression) \
    FB_TRY_NAMED_(FIREBREAK_JOIN(fb_result_, __LINE__), declaration, expression)
#define FB_TRY_NAMED_(name, declaration, expression) \
    auto name = (expression);                        \
    if (!name.ok()) {                                \
        return name.error();                         \
    }                                                \
    declaration = std::move(name).value()

// FB_CHECK(store.commit(batch)): go on, or return the error from this function.
#define FB_CHECK(expression)                                \
    do {                                                    \
        if (auto fb_status = (expression); !fb_status.ok()) \
            return fb_status.error();                       \
    } while (false)
