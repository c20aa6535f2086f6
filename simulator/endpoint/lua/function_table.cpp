#include "endpoint/lua/function_table.h"

namespace firebreak::endpoint::lua {

std::string table_cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c == '|' ? std::string("\\|") : std::string(1, c);
    }
    return out;
}

std::string function_table(std::span<const FunctionInfo> functions) {
    std::string out = "\n| function | |\n|---|---|\n";
    for (const FunctionInfo& info : functions) {
        const std::string table = *info.table == '\0' ? "" : std::string(info.table) + ".";
        out +=
            "| `" + table + info.name + info.signature + "` | " + table_cell(info.meaning) + " |\n";
    }
    return out;
}

}  // namespace firebreak::endpoint::lua
