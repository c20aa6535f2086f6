// Portable executables (PE32 and PE32+), known by parsing them. The bytes may be anything: whatever
// a header says is checked against what is there before it is used. Field names, sizes and the
// Authenticode digest follow Microsoft's "PE Format" and "Windows Authenticode Portable Executable
// Signature Format" (2008).
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/sha256.h"
#include "endpoint/executables/effort.h"

namespace firebreak::endpoint::executables {

using base::Sha256;

// Bytes of a file.
struct Range {
    uint64_t offset = 0;
    uint64_t size = 0;

    uint64_t end() const { return offset + size; }
    bool overlaps(const Range& other) const {
        return size > 0 && other.size > 0 && offset < other.end() && other.offset < end();
    }
    friend auto operator<=>(const Range&, const Range&) = default;
};

namespace pe {
// Where things are in a file that starts with its DOS header.
inline constexpr size_t kDosHeaderBytes = 64;
inline constexpr size_t kHeaderOffsetAt = 0x3c;  // says where the PE header is
inline constexpr size_t kCoffHeaderBytes = 24;   // "PE\0\0" included
inline constexpr size_t kSectionHeaderBytes = 40;
inline constexpr size_t kDirectoryBytes = 8;
inline constexpr size_t kMostDirectories = 16;
inline constexpr size_t kSecurityDirectory = 4;
inline constexpr size_t kChecksumInOptionalHeader = 64;
inline constexpr size_t kFixedOptionalHeader = 96;       // PE32: before the directories
inline constexpr size_t kFixedOptionalHeaderPlus = 112;  // PE32+
inline constexpr size_t kCertificateHeaderBytes = 8;     // WIN_CERTIFICATE before its contents
inline constexpr uint64_t kCertificateAlignment = 8;
inline constexpr uint16_t kMagic32 = 0x10b;
inline constexpr uint16_t kMagic32Plus = 0x20b;
inline constexpr uint16_t kMachineX86 = 0x14c;
inline constexpr uint16_t kMachineX64 = 0x8664;
inline constexpr uint16_t kMachineArm64 = 0xaa64;
inline constexpr uint16_t kCertificateRevision2 = 0x0200;
inline constexpr uint16_t kPkcsSignedData = 2;  // the type of certificate that is a signature

inline constexpr uint32_t kContainsCode = 0x00000020;
inline constexpr uint32_t kContainsData = 0x00000040;
inline constexpr uint32_t kMayExecute = 0x20000000;
inline constexpr uint32_t kMayRead = 0x40000000;
inline constexpr uint32_t kMayWrite = 0x80000000;
}  // namespace pe

struct PeSection {
    std::string name;  // at most 8 bytes, as written: printable() before showing
    uint32_t virtual_address = 0;
    uint32_t virtual_size = 0;
    Range raw;  // in bounds of the file
    uint32_t characteristics = 0;
};

// A directory as written; only the caller knows what it needs to hold.
struct DataDirectory {
    uint32_t address = 0;  // virtual; of the security directory: an offset in the file
    uint32_t size = 0;
};

struct PeImage {
    bool plus = false;  // PE32+
    uint16_t machine = 0;
    uint16_t characteristics = 0;
    uint16_t subsystem = 0;
    uint32_t entry = 0;
    uint32_t section_alignment = 0;
    uint32_t file_alignment = 0;
    uint32_t size_of_image = 0;
    uint32_t size_of_headers = 0;
    std::vector<DataDirectory> directories;  // at most kMostDirectories
    std::vector<PeSection> sections;

    Range checksum_field;
    Range security_entry;      // empty: there is no such directory entry
    Range certificate_table;   // as the entry says, perhaps out of bounds; empty: none
    uint64_t content_end = 0;  // end of headers and sections
    Range overlay;             // what follows, up to a certificate table that is in bounds
    // Of the executable itself, where other things may follow it: to the end of a certificate table
    // in bounds, else content_end.
    uint64_t length = 0;
};

// Errors name the byte: no DOS and PE header, a machine or header type that nobody has, headers or
// sections out of bounds of the file, sections whose places in memory are not ascending or are out
// of the image, alignments that are no powers of two. A broken certificate table is no error here:
// Windows starts such a file as well, it is only not signed.
base::Result<PeImage> parse_pe(base::ByteView bytes);
// The same, for searches; error also: more effort than is allowed.
base::Result<PeImage> parse_pe(base::ByteView bytes, Effort& effort);

// One WIN_CERTIFICATE.
struct AttributeCertificate {
    uint16_t revision = 0;
    uint16_t type = 0;
    base::ByteView contents;  // a view into the file
    base::ByteView padding;   // up to the next multiple of 8
};
inline constexpr size_t kMostCertificates = 64;

// The entries of the certificate table, one after another; none if there is no table. Errors: a
// table out of bounds, not at a multiple of 8, within headers or sections, or not at the end of the
// file; an entry that does not fit into it; more than kMostCertificates.
base::Result<std::vector<AttributeCertificate>> certificates_of(base::ByteView bytes,
                                                                const PeImage& image);

// The bytes over which the Authenticode digest goes, ascending: all but the checksum, the security
// directory's entry and the certificate table. From the front of the file to the table, gaps
// between sections included, as signing programs do it: a digest of the sections alone would leave
// out gaps. Errors: those of a certificate table's place; a section on bytes that are left out,
// which would be code that nobody signed.
base::Result<std::vector<Range>> digested_ranges(base::ByteView bytes, const PeImage& image);

// SHA-256 over digested_ranges, then over zeros up to a multiple of 8, which signing appends to a
// file that has no table yet.
base::Result<Sha256> authenticode_digest(base::ByteView bytes, const PeImage& image);

// What the checksum field must say: the sum that Windows checks of drivers.
uint32_t pe_checksum(base::ByteView bytes, const PeImage& image);

}  // namespace firebreak::endpoint::executables
