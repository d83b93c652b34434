#include "src/base/der.h"

#include <fmt/core.h>

namespace unbrick::base {

namespace {

struct Header {
    DerTag tag;
    std::size_t header_length = 0;
    std::uint64_t content_length = 0;
};

tl::unexpected<Error> bad(std::string reason) { return fail(ErrorCode::InvalidInput, "DER: " + std::move(reason)); }

Result<Header> read_header(ByteView input) {
    Header header;
    if (input.empty()) return bad("ends where an element was expected");
    std::size_t at = 0;
    const auto lead = input[at++];
    header.tag.tag_class = static_cast<DerClass>(lead >> 6);
    header.tag.constructed = (lead & 0x20) != 0;
    header.tag.number = lead & 0x1F;
    if (header.tag.number == 0x1F) {
        std::uint64_t number = 0;
        for (std::size_t count = 0;; ++count) {
            if (at >= input.size()) return bad("truncated tag");
            if (count >= 9) return bad("tag number too large");
            const auto byte = input[at++];
            if (count == 0 && byte == 0x80) return bad("tag number with leading zeros");
            number = (number << 7) | (byte & 0x7Fu);
            if ((byte & 0x80) == 0) break;
        }
        if (number < 0x1F) return bad("small tag number in the long form");
        header.tag.number = number;
    }
    if (at >= input.size()) return bad("truncated length");
    const auto first = input[at++];
    if (first < 0x80) {
        header.content_length = first;
    } else {
        const std::size_t count = first & 0x7Fu;
        if (count == 0) return bad("indefinite length");
        if (count > 8) return bad("length of more than eight bytes");
        if (at + count > input.size()) return bad("truncated length");
        std::uint64_t length = 0;
        for (std::size_t i = 0; i < count; ++i) length = (length << 8) | input[at + i];
        if (input[at] == 0 || length < 0x80) return bad("length is not minimal");
        at += count;
        header.content_length = length;
    }
    header.header_length = at;
    if (header.content_length > input.size() - at)
        return bad(fmt::format("an element of {} bytes in {} bytes", header.content_length, input.size() - at));
    return header;
}

}  // namespace

Result<DerElement> DerReader::next() {
    UB_TRY(const auto header, read_header(rest_));
    const auto length = static_cast<std::size_t>(header.content_length);
    DerElement element{header.tag, rest_.subspan(header.header_length, length), rest_.first(header.header_length + length)};
    rest_ = rest_.subspan(element.whole.size());
    return element;
}

Result<DerElement> DerReader::expect(DerTag tag, std::string_view what) {
    auto element = next();
    if (!element) return fail(std::move(element).error().with_context(std::string(what)));
    if (element->tag != tag)
        return bad(fmt::format("{}: tag {} of class {} where {} of class {} was expected", what, element->tag.number,
                               static_cast<int>(element->tag.tag_class), tag.number, static_cast<int>(tag.tag_class)));
    return element;
}

std::optional<DerTag> DerReader::peek() const {
    const auto header = read_header(rest_);
    if (!header) return std::nullopt;
    return header->tag;
}

Result<std::uint64_t> der_to_uint(ByteView content) {
    if (content.empty()) return bad("empty INTEGER");
    if ((content[0] & 0x80) != 0) return bad("negative INTEGER");
    if (content.size() > 1 && content[0] == 0 && (content[1] & 0x80) == 0) return bad("INTEGER is not minimal");
    if (content.size() > 9 || (content.size() == 9 && content[0] != 0)) return bad("INTEGER too large");
    std::uint64_t value = 0;
    for (const auto byte : content) value = (value << 8) | byte;
    return value;
}

void append(Bytes& to, ByteView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

Bytes der_encode(DerTag tag, ByteView content) {
    Bytes out;
    const auto lead = static_cast<std::uint8_t>((static_cast<unsigned>(tag.tag_class) << 6) | (tag.constructed ? 0x20u : 0u));
    if (tag.number < 0x1F) {
        out.push_back(static_cast<std::uint8_t>(lead | tag.number));
    } else {
        out.push_back(lead | 0x1F);
        int groups = 1;
        for (auto rest = tag.number >> 7; rest != 0; rest >>= 7) ++groups;
        for (int i = groups - 1; i >= 0; --i)
            out.push_back(static_cast<std::uint8_t>(((tag.number >> (7 * i)) & 0x7Fu) | (i > 0 ? 0x80u : 0u)));
    }
    if (content.size() < 0x80) {
        out.push_back(static_cast<std::uint8_t>(content.size()));
    } else {
        int count = 0;
        for (auto rest = content.size(); rest != 0; rest >>= 8) ++count;
        out.push_back(static_cast<std::uint8_t>(0x80 | count));
        for (int i = count - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(content.size() >> (8 * i)));
    }
    append(out, content);
    return out;
}

Bytes der_integer(std::uint64_t value) {
    Bytes content;
    int count = 1;
    for (auto rest = value >> 8; rest != 0; rest >>= 8) ++count;
    if (((value >> (8 * (count - 1))) & 0x80) != 0) content.push_back(0);
    for (int i = count - 1; i >= 0; --i) content.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    return der_encode(kDerInteger, content);
}

Bytes der_ia5(std::string_view text) { return der_encode(kDerIa5String, as_bytes(text)); }
Bytes der_octets(ByteView bytes) { return der_encode(kDerOctetString, bytes); }
Bytes der_boolean(bool value) {
    const std::uint8_t byte = value ? 0xFF : 0;
    return der_encode(kDerBoolean, ByteView(&byte, 1));
}

Bytes der_sequence(std::initializer_list<ByteView> parts) {
    Bytes content;
    for (const auto part : parts) append(content, part);
    return der_encode(kDerSequence, content);
}

}  // namespace unbrick::base
