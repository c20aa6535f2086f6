#include "lab/sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/file.h"
#include "base/text.h"
#include "endpoint/models/model_file.h"
#include "endpoint/models/model_slots.h"
#include "endpoint/reputation/csv.h"

namespace firebreak::lab {

namespace {

using base::Bytes;
using base::Error;
using base::Result;
using Payloads = std::map<std::string, Bytes>;

constexpr char kList[] = "models.csv";

bool is_model_name(std::string_view name) {
    return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
                                std::string_view::npos;
}

Result<Payloads> models_in(std::string_view list, const std::filesystem::path& models) {
    Payloads payloads;
    for (size_t number = 1; !list.empty(); ++number) {
        const size_t end = std::min(list.find('\n'), list.size());
        std::string_view line = list.substr(0, end);
        list.remove_prefix(std::min(end + 1, list.size()));
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        if (line.empty() || line.starts_with('#')) {
            continue;
        }
        const std::string place = fmt::format("{}:{}", kList, number);
        const size_t comma = line.find(',');
        const std::string payload(line.substr(0, comma));
        const std::string model(comma == line.npos ? "" : line.substr(comma + 1));
        if (!endpoint::models::parse_payload_name(payload).ok() || !is_model_name(model)) {
            return Error{fmt::format("`{}` names no payload and model", base::printable(line, 80)),
                         place, "write it as packed.live.so,packed"};
        }
        auto library = base::read_file(models / (model + ".so"), endpoint::models::kMaxModelBytes);
        if (!library.ok()) {
            return Error{library.error().text(), place,
                         "fixtures/models/README.md lists the models that the build makes"};
        }
        if (!payloads.emplace(payload, std::move(library).value()).second) {
            return Error{fmt::format("a second `{}`", payload), place, "leave one out"};
        }
    }
    if (payloads.empty()) {
        return Error{"no models", kList, "name at least one: packed.live.so,packed"};
    }
    return payloads;
}

Result<Payloads> models_from(Payloads sources, const std::filesystem::path& models) {
    const auto list = sources.find(kList);
    if (list == sources.end()) {
        return sources;
    }
    if (sources.size() > 1) {
        return Error{fmt::format("files beside {}", kList), sources.begin()->first,
                     "name all models in the list, or have no list"};
    }
    return models_in(base::text_of(list->second), models);
}

}  // namespace

std::filesystem::path models_beside(const std::filesystem::path& worker) {
    return worker.parent_path().parent_path() / "content" / "models";
}

content::Compile compiler_of(content::Feed feed, const std::filesystem::path& models) {
    switch (feed) {
        case content::Feed::kLocalRepData:
            return endpoint::reputation::payloads_from;
        case content::Feed::kMLModels:
            return [models](Payloads sources) { return models_from(std::move(sources), models); };
        default:
            return {};
    }
}

}  // namespace firebreak::lab
