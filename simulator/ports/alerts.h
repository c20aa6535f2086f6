// How an endpoint tells the vendor and the tenant's administrator that something is wrong.
#pragma once

#include <optional>

#include "base/digest.h"
#include "base/outcome.h"
#include "content/catalogue.h"

namespace firebreak::ports {

struct Alert {
    std::optional<content::Feed> feed;  // nullopt: about the endpoint's channel or its clock
    base::Digest manifest;              // of the content that it is about, if known; else none()
    base::Outcome outcome;
};

class Alerts {
  public:
    virtual ~Alerts() = default;
    // Goes to both the vendor and the tenant's administrator, at the endpoint's next contact.
    virtual void raise(const Alert& alert) = 0;
};

}  // namespace firebreak::ports
