#include "src/firmware/image4.h"

#include <fmt/core.h>

namespace unbrick::firmware {

using base::ByteView;
using base::Bytes;
using base::DerReader;
using base::ErrorCode;
using base::fail;

namespace {

tl::unexpected<base::Error> bad(base::Error error) {
    return fail(base::Error(ErrorCode::FirmwareInvalid, error.to_string()).with_context("Image4"));
}
tl::unexpected<base::Error> bad(std::string why) { return fail(ErrorCode::FirmwareInvalid, "Image4: " + std::move(why)); }

#define IMG_TRY(declaration, expression)                                   \
    auto UB_CONCAT(img_result_, __LINE__) = (expression);                   \
    if (!UB_CONCAT(img_result_, __LINE__)) return bad(std::move(UB_CONCAT(img_result_, __LINE__)).error()); \
    declaration = std::move(*UB_CONCAT(img_result_, __LINE__))

base::Status expect_magic(DerReader& reader, std::string_view magic) {
    IMG_TRY(const auto element, reader.expect(base::kDerIa5String, magic));
    if (base::as_text(element.content) != magic) return bad(fmt::format("\"{}\" where {} was expected", base::to_valid_utf8(base::as_text(element.content)), magic));
    return {};
}

base::Result<Image4Properties> read_properties(ByteView set) {
    Image4Properties properties;
    DerReader reader(set);
    while (!reader.at_end()) {
        IMG_TRY(const auto outer, reader.next());
        if (outer.tag.tag_class != base::DerClass::Private || !outer.tag.constructed) return bad("a property without a private tag");
        const auto name = fourcc_text(outer.tag.number);
        DerReader sequence_reader(outer.content);
        IMG_TRY(const auto sequence, sequence_reader.expect(base::kDerSequence, name));
        DerReader inner(sequence.content);
        UB_TRY_VOID(expect_magic(inner, name));
        IMG_TRY(const auto value, inner.next());
        if (!sequence_reader.at_end() || !inner.at_end()) return bad("bytes after property " + name);
        Image4Value read;
        if (value.tag == base::kDerInteger) {
            IMG_TRY(const auto number, base::der_to_uint(value.content));
            read = number;
        } else if (value.tag == base::kDerBoolean) {
            if (value.content.size() != 1 || (value.content[0] != 0 && value.content[0] != 0xFF)) return bad("BOOLEAN of " + name);
            read = value.content[0] != 0;
        } else if (value.tag == base::kDerOctetString) {
            read = Bytes(value.content.begin(), value.content.end());
        } else {
            continue;
        }
        if (!properties.emplace(name, std::move(read)).second) return bad("property " + name + " twice");
    }
    return properties;
}

Bytes write_value(const Image4Value& value) {
    if (const auto* number = std::get_if<std::uint64_t>(&value)) return base::der_integer(*number);
    if (const auto* truth = std::get_if<bool>(&value)) return base::der_boolean(*truth);
    return base::der_octets(std::get<Bytes>(value));
}

Bytes write_tagged(std::string_view fourcc, ByteView content) {
    return base::der_encode(base::der_private(fourcc_number(fourcc)), base::der_sequence({base::der_ia5(fourcc), content}));
}

Bytes write_set(const std::vector<std::pair<std::string, Image4Value>>& properties) {
    Bytes content;
    for (const auto& [name, value] : properties) base::append(content, write_tagged(name, write_value(value)));
    return base::der_encode(base::kDerSet, content);
}

}  // namespace

std::uint64_t fourcc_number(std::string_view fourcc) {
    std::uint64_t number = 0;
    for (const char c : fourcc) number = (number << 8) | static_cast<std::uint8_t>(c);
    return number;
}

std::string fourcc_text(std::uint64_t number) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) text.push_back(static_cast<char>(number >> shift));
    return number > 0xFFFFFFFF ? std::string("????") : text;
}

base::Result<Im4p> read_im4p(ByteView bytes) {
    DerReader outer(bytes);
    IMG_TRY(const auto whole, outer.expect(base::kDerSequence, "IM4P"));
    if (!outer.at_end()) return bad("bytes after the payload");
    DerReader reader(whole.content);
    UB_TRY_VOID(expect_magic(reader, "IM4P"));
    IMG_TRY(const auto fourcc, reader.expect(base::kDerIa5String, "payload type"));
    if (fourcc.content.size() != 4) return bad("a payload type that has not four characters");
    IMG_TRY(const auto description, reader.expect(base::kDerIa5String, "payload description"));
    IMG_TRY(const auto payload, reader.expect(base::kDerOctetString, "payload"));
    Im4p image;
    image.fourcc = base::as_text(fourcc.content);
    image.description = base::as_text(description.content);
    image.payload = payload.content;
    image.whole = whole.whole;
    image.fourcc_offset = static_cast<std::size_t>(fourcc.content.data() - whole.whole.data());
    while (!reader.at_end()) {
        IMG_TRY(const auto extra, reader.next());
        if (extra.tag == base::kDerOctetString) image.encrypted = true;
        else if (extra.tag != base::kDerSequence && extra.tag != base::der_context(0)) return bad("an unknown part in the payload");
    }
    return image;
}

Bytes write_im4p(std::string_view fourcc, std::string_view description, ByteView payload) {
    return base::der_sequence({base::der_ia5("IM4P"), base::der_ia5(fourcc), base::der_ia5(description), base::der_octets(payload)});
}

std::optional<std::uint64_t> Im4m::number(std::string_view name) const {
    const auto found = properties.find(std::string(name));
    if (found == properties.end()) return std::nullopt;
    if (const auto* value = std::get_if<std::uint64_t>(&found->second)) return *value;
    if (const auto* truth = std::get_if<bool>(&found->second)) return *truth ? 1 : 0;
    return std::nullopt;
}

std::optional<Bytes> Im4m::bytes(std::string_view name) const {
    const auto found = properties.find(std::string(name));
    if (found == properties.end()) return std::nullopt;
    const auto* value = std::get_if<Bytes>(&found->second);
    return value != nullptr ? std::optional(*value) : std::nullopt;
}

base::Result<Im4m> read_im4m(ByteView bytes) {
    DerReader outer(bytes);
    IMG_TRY(const auto whole, outer.expect(base::kDerSequence, "IM4M"));
    if (!outer.at_end()) return bad("bytes after the ticket");
    DerReader reader(whole.content);
    UB_TRY_VOID(expect_magic(reader, "IM4M"));
    IMG_TRY(const auto version, reader.expect(base::kDerInteger, "ticket version"));
    static_cast<void>(version);
    IMG_TRY(const auto set, reader.expect(base::kDerSet, "ticket body"));
    Im4m ticket;
    ticket.has_signature = !reader.at_end();
    DerReader body(set.content);
    IMG_TRY(const auto manb, body.expect(base::der_private(fourcc_number("MANB")), "MANB"));
    DerReader manb_reader(manb.content);
    IMG_TRY(const auto sequence, manb_reader.expect(base::kDerSequence, "MANB"));
    DerReader inner(sequence.content);
    UB_TRY_VOID(expect_magic(inner, "MANB"));
    IMG_TRY(const auto entries, inner.expect(base::kDerSet, "MANB entries"));
    DerReader entry_reader(entries.content);
    bool has_manp = false;
    while (!entry_reader.at_end()) {
        IMG_TRY(const auto entry, entry_reader.next());
        if (entry.tag.tag_class != base::DerClass::Private || !entry.tag.constructed) return bad("a ticket entry without a private tag");
        const auto name = fourcc_text(entry.tag.number);
        DerReader sequence_reader(entry.content);
        IMG_TRY(const auto content, sequence_reader.expect(base::kDerSequence, name));
        DerReader content_reader(content.content);
        UB_TRY_VOID(expect_magic(content_reader, name));
        IMG_TRY(const auto properties_set, content_reader.expect(base::kDerSet, name));
        UB_TRY(auto properties, read_properties(properties_set.content));
        if (name == "MANP") {
            if (std::exchange(has_manp, true)) return bad("MANP twice");
            ticket.properties = std::move(properties);
        } else if (!ticket.components.emplace(name, std::move(properties)).second) {
            return bad("component " + name + " twice in the ticket");
        }
    }
    if (!has_manp) return bad("a ticket without MANP");
    return ticket;
}

Bytes write_im4m_unsigned(const std::vector<std::pair<std::string, Image4Value>>& properties,
                          const std::vector<std::pair<std::string, std::vector<std::pair<std::string, Image4Value>>>>& components) {
    Bytes entries = write_tagged("MANP", write_set(properties));
    for (const auto& [name, values] : components) base::append(entries, write_tagged(name, write_set(values)));
    const auto manb = write_tagged("MANB", base::der_encode(base::kDerSet, entries));
    return base::der_sequence({base::der_ia5("IM4M"), base::der_integer(0), base::der_encode(base::kDerSet, manb)});
}

Bytes write_im4r(const std::vector<std::pair<std::string, Image4Value>>& properties) {
    return base::der_sequence({base::der_ia5("IM4R"), write_set(properties)});
}

Bytes write_img4(ByteView im4p, ByteView im4m, ByteView im4r) {
    const auto ticket = base::der_encode(base::der_context(0), im4m);
    const auto info = im4r.empty() ? Bytes{} : base::der_encode(base::der_context(1), im4r);
    return base::der_sequence({base::der_ia5("IMG4"), im4p, ticket, info});
}

base::Result<Img4> read_img4(ByteView bytes) {
    DerReader outer(bytes);
    IMG_TRY(const auto whole, outer.expect(base::kDerSequence, "IMG4"));
    DerReader reader(whole.content);
    UB_TRY_VOID(expect_magic(reader, "IMG4"));
    IMG_TRY(const auto payload, reader.expect(base::kDerSequence, "IM4P"));
    Img4 image;
    UB_TRY(image.payload, read_im4p(payload.whole));
    IMG_TRY(const auto ticket, reader.expect(base::der_context(0), "ticket"));
    image.ticket = ticket.content;
    if (!reader.at_end()) {
        IMG_TRY(const auto info, reader.expect(base::der_context(1), "restore info"));
        image.restore_info = info.content;
    }
    if (!outer.at_end() || !reader.at_end()) return bad("bytes after the image");
    return image;
}

std::optional<base::DigestKind> digest_kind_of(std::size_t length) {
    if (length == 20) return base::DigestKind::Sha1;
    if (length == 32) return base::DigestKind::Sha256;
    if (length == 48) return base::DigestKind::Sha384;
    if (length == 64) return base::DigestKind::Sha512;
    return std::nullopt;
}

}  // namespace unbrick::firmware
