// Strict DER: the subset that Image4 and tickets use (definite minimal lengths, high tag numbers).
// Written by hand because Image4 tags its properties with private high tag numbers (the four letters
// of their names), which OpenSSL's template parser and libtasn1 cannot describe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/result.h"
#include "src/base/text.h"

namespace unbrick::base {

enum class DerClass : std::uint8_t { Universal = 0, Application = 1, Context = 2, Private = 3 };

struct DerTag {
    DerClass tag_class = DerClass::Universal;
    bool constructed = false;
    std::uint64_t number = 0;
    friend bool operator==(const DerTag&, const DerTag&) = default;
};

inline constexpr DerTag kDerBoolean{DerClass::Universal, false, 1};
inline constexpr DerTag kDerInteger{DerClass::Universal, false, 2};
inline constexpr DerTag kDerOctetString{DerClass::Universal, false, 4};
inline constexpr DerTag kDerNull{DerClass::Universal, false, 5};
inline constexpr DerTag kDerIa5String{DerClass::Universal, false, 22};
inline constexpr DerTag kDerSequence{DerClass::Universal, true, 16};
inline constexpr DerTag kDerSet{DerClass::Universal, true, 17};
constexpr DerTag der_context(std::uint64_t number) { return {DerClass::Context, true, number}; }
constexpr DerTag der_private(std::uint64_t number) { return {DerClass::Private, true, number}; }

struct DerElement {
    DerTag tag;
    ByteView content;   // inside the input that was read
    ByteView whole;     // header and content
};

// Reads elements one after another from `input`, which must outlive everything returned.
class DerReader {
public:
    explicit DerReader(ByteView input) : rest_(input) {}
    bool at_end() const { return rest_.empty(); }
    ByteView rest() const { return rest_; }
    // Errors: InvalidInput for truncation, indefinite or non-minimal lengths and tags.
    Result<DerElement> next();
    Result<DerElement> expect(DerTag tag, std::string_view what);
    // The tag of the next element, or nothing at the end or on garbage.
    std::optional<DerTag> peek() const;

private:
    ByteView rest_;
};

Result<std::uint64_t> der_to_uint(ByteView content);

Bytes der_encode(DerTag tag, ByteView content);
Bytes der_integer(std::uint64_t value);
Bytes der_ia5(std::string_view text);
Bytes der_octets(ByteView bytes);
Bytes der_boolean(bool value);
Bytes der_sequence(std::initializer_list<ByteView> parts);
void append(Bytes& to, ByteView bytes);

}  // namespace unbrick::base
