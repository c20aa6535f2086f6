// Where transitions take place.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "assay/wire.h"
#include "content/envelope.h"
#include "endpoint/scanner/scanner_service.h"
#include "endpoint/update/profile.h"
#include "host/event.h"
#include "host/persona.h"
#include "sandbox/worker.h"

namespace firebreak::assay {

class Loads;

// What attackers do on a machine, which rules must raise: a log of events.
struct Attack {
    std::string name;  // "document-starts-powershell"
    host::EventLog events;
};

// References must outlive whatever uses it.
struct Environment {
    Wire& wire;  // to the CDN
    const content::Verifier& verifier;
    sandbox::Spawner& spawner;
    std::vector<host::Persona> personas;  // PersonaId is an index into it
    std::string product_version;
    std::string platform;
    endpoint::update::Profile profile;
    base::UtcTime built;  // when the product was: see Profile::build_floor
    endpoint::scanner::ScannerSetting scanner = {};
    uint32_t required_layers = 0;         // of the sandbox, beside the minimum
    ports::CloudLookup* cloud = nullptr;  // safe from any thread; null: turned off
    unsigned jobs = 1;                    // assays at a time
    Loads* loads = nullptr;               // null: every load is performed
    // A scanner that somebody brought along, and what it is (a part of every key); null: our own.
    ports::ComponentProcesses* program = nullptr;
    std::string program_identity = {};
    std::map<content::Feed, base::Bytes> content_keys = {};  // of encrypted feeds
    std::vector<Attack> attacks = {};
    bool repairs = false;  // the product has a repair program, with a kit or without
};

}  // namespace firebreak::assay
