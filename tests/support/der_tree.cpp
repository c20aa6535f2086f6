#include "support/der_tree.h"

#include <algorithm>

namespace firebreak::test {

namespace {

using base::Bytes;
using base::ByteView;

constexpr uint8_t kConstructed = 0x20;
constexpr int kDeepest = 32;

// Takes a length off the front.
std::optional<size_t> read_length(ByteView& bytes) {
    if (bytes.empty()) {
        return std::nullopt;
    }
    const uint8_t first = bytes[0];
    const size_t octets = first < 0x80 ? 0 : first & 0x7f;
    if (first == 0x80 || octets > 4 || bytes.size() <= octets) {
        return std::nullopt;
    }
    size_t length = first < 0x80 ? first : 0;
    for (size_t i = 1; i <= octets; ++i) {
        length = length << 8 | bytes[i];
    }
    bytes = bytes.subspan(1 + octets);
    return length <= bytes.size() ? std::optional(length) : std::nullopt;
}

std::optional<DerForest> read_forest(ByteView bytes, int depth) {
    DerForest forest;
    while (!bytes.empty()) {
        DerNode node{bytes[0], {}, {}};
        bytes = bytes.subspan(1);
        const auto length = read_length(bytes);
        if (!length) {
            return std::nullopt;
        }
        const ByteView contents = bytes.first(*length);
        bytes = bytes.subspan(*length);
        auto children = (node.tag & kConstructed) != 0 && depth < kDeepest
                            ? read_forest(contents, depth + 1)
                            : std::nullopt;
        if (children) {
            node.children = *std::move(children);
        } else {
            node.contents.assign(contents.begin(), contents.end());
        }
        forest.push_back(std::move(node));
    }
    return forest;
}

void write_node(const DerNode& node, Bytes& out) {
    Bytes contents = node.contents;
    for (const DerNode& child : node.children) {
        write_node(child, contents);
    }
    out.push_back(node.tag);
    if (contents.size() < 0x80) {
        out.push_back(static_cast<uint8_t>(contents.size()));
    } else {
        Bytes octets;
        for (size_t rest = contents.size(); rest > 0; rest >>= 8) {
            octets.insert(octets.begin(), static_cast<uint8_t>(rest));
        }
        out.push_back(static_cast<uint8_t>(0x80 | octets.size()));
        out.insert(out.end(), octets.begin(), octets.end());
    }
    out.insert(out.end(), contents.begin(), contents.end());
}

// Where an element is: the list that holds it, and its place there.
struct Place {
    DerForest* list;
    size_t index;
};

void collect(DerForest& forest, std::vector<Place>& places) {
    for (size_t i = 0; i < forest.size(); ++i) {
        places.push_back({&forest, i});
        collect(forest[i].children, places);
    }
}

Place pick(DerForest& forest, const Below& below) {
    std::vector<Place> places;
    collect(forest, places);
    return places[below(places.size())];
}

}  // namespace

std::optional<DerForest> read_der(ByteView bytes) {
    return read_forest(bytes, 0);
}

Bytes write_der(const DerForest& forest) {
    Bytes out;
    for (const DerNode& node : forest) {
        write_node(node, out);
    }
    return out;
}

DerNode& pick_node(DerForest& forest, const Below& below) {
    const Place place = pick(forest, below);
    return (*place.list)[place.index];
}

void change_der(DerForest& forest, DerForest& other, DerChange change, const Below& below) {
    const auto [list, index] = pick(forest, below);
    const auto at = list->begin() + static_cast<std::ptrdiff_t>(index);
    switch (change) {
        case DerChange::kDuplicate: {
            const DerNode copy = *at;
            list->insert(at, copy);
            return;
        }
        case DerChange::kRemove:
            list->erase(at);
            return;
        case DerChange::kSwap:
            std::swap(*at, (*list)[below(list->size())]);
            return;
        case DerChange::kReplace: {
            const DerNode copy = pick_node(other, below);
            *at = copy;
            return;
        }
        case DerChange::kMove: {
            const DerNode copy = *at;
            const Place to = pick(forest, below);
            to.list->insert(to.list->begin() + static_cast<std::ptrdiff_t>(to.index), copy);
            return;
        }
    }
}

}  // namespace firebreak::test
