// Identifiers in what leaves the case: replaced by stable pseudonyms, everywhere the same.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/json.h"
#include "src/device/recorder.h"

namespace unbrick::core {

class Redactor {
public:
    // `show`: leaves everything as it is.
    explicit Redactor(bool show);
    void learn(std::string_view identifier);
    // ECID, UDID, serial number, IMEI, name ... wherever a member of such a name stands, at any depth.
    void learn_from(const base::Json& document);
    std::string text(std::string_view text) const;
    base::OrderedJson json(const base::OrderedJson& document) const;

private:
    bool show_;
    std::shared_ptr<device::Pseudonyms> names_;
};

}  // namespace unbrick::core
