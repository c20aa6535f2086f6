// Random machines and changes of them, for properties.
#pragma once

#include <rapidcheck.h>

#include <string>
#include <vector>

#include "host/machine.h"
#include "host/windows_path.h"

namespace firebreak::test {

// Names are few, in two spellings each, so that changes often meet what is there.
inline std::string any_machine_path() {
    return *rc::gen::element<std::string>(R"(C:\a.exe)", R"(c:\A.EXE)", R"(C:\d\b.dll)",
                                          R"(C:\d\c.dat)", R"(D:\e)", R"(C:\ends in a dot.)",
                                          R"(\\.\C:\a.exe)", R"(\\server\share\a.exe)", "");
}

inline std::string any_machine_key() {
    return *rc::gen::element<std::string>(
        R"(HKLM\SOFTWARE\Vendor)", R"(hklm\software\VENDOR\Product)", R"(HKCU\K)", "HKLM",
        R"(HKLM\SYSTEM)", R"(HKLM\SYSTEM\CurrentControlSet\Services\one)",
        R"(HKLM\SYSTEM\CurrentControlSet\Services\Two)", R"(HKLM\a\\b)", "");
}

inline host::RegistryValue any_registry_value() {
    host::RegistryValue value;
    value.name = *rc::gen::element<std::string>("", "a", "A", "Start", "ImagePath");
    value.type = static_cast<host::RegistryType>(*rc::gen::inRange(0, 6));
    switch (*rc::gen::inRange(0, 5)) {
        case 0:
            value.data = *rc::gen::arbitrary<std::string>();
            break;
        case 1:
            value.data = *rc::gen::arbitrary<std::vector<std::string>>();
            break;
        case 2:
            value.data = *rc::gen::arbitrary<base::Bytes>();
            break;
        default:
            value.type = host::RegistryType::kDword;
            value.data = *rc::gen::element<uint64_t>(0, 1, 2, 3, 4, 5, UINT64_MAX);
    }
    return value;
}

inline host::Change any_change() {
    switch (*rc::gen::inRange(0, 6)) {
        case 0:
            return host::WriteFile{any_machine_path(), *rc::gen::arbitrary<base::Bytes>()};
        case 1:
            return host::DeleteFile{any_machine_path()};
        case 2:
            return host::SetValue{any_machine_key(), any_registry_value()};
        case 3:
            return host::DeleteValue{any_machine_key(), any_registry_value().name};
        case 4:
            return host::DeleteKey{any_machine_key()};
        default:
            return host::ConfigureService{*rc::gen::element<std::string>("one", "TWO", "three"),
                                          static_cast<host::ServiceStart>(*rc::gen::inRange(0, 5)),
                                          *rc::gen::arbitrary<bool>()};
    }
}

// With two services, files of Windows and others, and whatever came of some changes.
inline host::Machine any_machine() {
    host::Persona persona;
    for (const char* path : {R"(C:\a.exe)", R"(C:\d\b.dll)"}) {
        if (*rc::gen::arbitrary<bool>()) {
            const base::Bytes bytes = *rc::gen::arbitrary<base::Bytes>();
            persona.files.push_back({path, std::make_shared<const base::Bytes>(bytes),
                                     base::sha384(bytes), *rc::gen::arbitrary<bool>(),
                                     static_cast<host::Loss>(*rc::gen::inRange(0, 3))});
        }
    }
    persona.services = {{"one", R"(C:\a.exe)", host::ServiceStart::kAutomatic, true},
                        {"Two", R"(C:\d\b.dll -k)", host::ServiceStart::kManual, false}};
    persona.components = {{"IIS-WebServer", *rc::gen::arbitrary<bool>()}};
    host::Machine machine(persona);
    for (int n = *rc::gen::inRange(0, 20); n > 0; --n) {
        (void)host::apply(machine, any_change());
    }
    return machine;
}

}  // namespace firebreak::test
