#include "endpoint/update/store_stories.h"

namespace firebreak::test {

base::Bytes payload_of(size_t size, uint64_t seed) {
    base::Bytes bytes(size);
    for (size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<uint8_t>(base::mix64(seed ^ (i / 8)) >> i % 8 * 8);
    }
    return bytes;
}

base::Status keep(ports::Store& store, const base::Bytes& bytes) {
    FB_TRY(const auto writer, store.new_blob(base::sha384(bytes)));
    FB_CHECK(writer->write(bytes));
    return writer->finish();
}

base::Status keep_in_two_steps(ports::Store& store, const base::Bytes& bytes, bool finish) {
    const size_t most = bytes.size() * 4 / 5;
    FB_TRY(const auto writer, store.new_blob(base::sha384(bytes)));
    FB_CHECK(writer->write(base::ByteView(bytes).first(most)));
    FB_CHECK(store.commit({{"meanwhile", std::to_string(bytes.size())}}));
    FB_CHECK(writer->write(base::ByteView(bytes).subspan(most)));
    return finish ? writer->finish() : base::Status{};
}

base::Status every_kind(ports::Store& store) {
    static const base::Bytes small = payload_of(9'000, 1);
    static const base::Bytes other = payload_of(40'000, 2);  // two pages
    static const base::Bytes last = payload_of(15'000, 3);
    base::Status first_error;
    const auto take = [&](const base::Status& answer) {
        if (first_error.ok() && !answer.ok()) {
            first_error = answer;
        }
    };
    take(store.commit({{"a", "1"}, {"b", std::string(40'000, 'b')}}));
    take(keep(store, small));
    take(store.commit({{"a", "2"}, {"b", std::nullopt}, {"c", std::string(12'000, 'c')}}));
    take(keep_in_two_steps(store, other, false));
    take(keep(store, other));
    take(store.commit({{"c", "4"}}));
    take(store.keep_only({base::sha384(other)}));
    take(keep(store, last));
    take(store.commit({{"a", "5"}, {"d", ""}, {"meanwhile", std::nullopt}}));
    return first_error;
}

}  // namespace firebreak::test
