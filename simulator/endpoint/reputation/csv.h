// Reputations as people write them, and the table that is made of them.
//
//     # who was seen where
//     kind,sha256,reputation,comment
//     hash,9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08,5,a dropper
//     signer,60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752,90,
//
// `hash`: of a file; `signer`: of a signing certificate (DER). Lines end in LF or CRLF. A line that
// begins with # and an empty line say nothing. The last column may be left out, header and all; a
// comment may hold commas. SHA-256 in digits of either case. A byte order mark is passed over.
#pragma once

#include <map>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace firebreak::endpoint::reputation {

inline constexpr const char* kTablePayload = "reputation.table";

struct CsvFile {
    std::string name;  // for errors
    base::ByteView text;
};

// One table of all files together. Errors, with file and line: a header or a line that is not as
// above; a hash or a signer that is given twice, with both places, whether or not the two agree;
// no entry at all.
base::Result<base::Bytes> table_from_csv(std::span<const CsvFile> files);

// What the files of a source folder, by name, become: content::Compile for LocalRepData. Either all
// are *.csv and make one payload, kTablePayload; or there is just one, *.table, and it is a sound
// table, which stays as it is. Errors: anything else; what table_from_csv() and
// ReputationTable::open() find; the place begins with the file's name.
base::Result<std::map<std::string, base::Bytes>> payloads_from(
    std::map<std::string, base::Bytes> sources);

}  // namespace firebreak::endpoint::reputation
