#include "simulator/image4/image4.h"

#include <fmt/core.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <map>
#include <vector>

#include "src/base/der.h"

namespace unbrick::simulator {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using base::fail;

namespace {

std::uint64_t tag_number(std::string_view fourcc) {
    std::uint64_t number = 0;
    for (const char c : fourcc) number = (number << 8) | static_cast<unsigned char>(c);
    return number;
}

Bytes joined(std::initializer_list<Bytes> parts) {
    Bytes all;
    for (const auto& part : parts) base::append(all, part);
    return all;
}

// [PRIVATE fourcc] SEQUENCE { IA5String fourcc, value }
Bytes property(std::string_view fourcc, const Bytes& value) {
    return base::der_encode(base::der_private(tag_number(fourcc)), base::der_encode(base::kDerSequence, joined({base::der_ia5(fourcc), value})));
}

Bytes property_set(std::string_view fourcc, const Bytes& members) {
    return property(fourcc, base::der_encode(base::kDerSet, members));
}

struct Property {
    std::optional<std::uint64_t> number;
    std::optional<bool> boolean;
    std::optional<Bytes> octets;
};

// name -> properties, for MANP and each component.
using Manifest = std::map<std::string, std::map<std::string, Property>>;

base::Result<std::map<std::string, Property>> read_properties(ByteView set_content) {
    std::map<std::string, Property> properties;
    base::DerReader reader(set_content);
    while (!reader.at_end()) {
        UB_TRY(const auto outer, reader.next());
        base::DerReader inner(outer.content);
        UB_TRY(const auto sequence, inner.expect(base::kDerSequence, "property"));
        base::DerReader members(sequence.content);
        UB_TRY(const auto name, members.expect(base::kDerIa5String, "property name"));
        if (outer.tag != base::der_private(tag_number(base::as_text(name.content))))
            return fail(ErrorCode::InvalidInput, "a property's tag and name differ");
        UB_TRY(const auto value, members.next());
        Property read;
        if (value.tag == base::kDerInteger) {
            UB_TRY(const auto number, base::der_to_uint(value.content));
            read.number = number;
        } else if (value.tag == base::kDerBoolean) {
            read.boolean = !value.content.empty() && value.content[0] != 0;
        } else if (value.tag == base::kDerOctetString) {
            read.octets = Bytes(value.content.begin(), value.content.end());
        }
        properties[std::string(base::as_text(name.content))] = std::move(read);
    }
    return properties;
}

struct ParsedTicket {
    Manifest manifest;
    ByteView signed_part;
    ByteView signature;
};

base::Result<ParsedTicket> parse_ticket(ByteView im4m) {
    ParsedTicket ticket;
    base::DerReader top(im4m);
    UB_TRY(const auto sequence, top.expect(base::kDerSequence, "IM4M"));
    base::DerReader members(sequence.content);
    UB_TRY(const auto magic, members.expect(base::kDerIa5String, "IM4M magic"));
    if (base::as_text(magic.content) != "IM4M") return fail(ErrorCode::InvalidInput, "the ticket is not an IM4M");
    UB_TRY(const auto version, members.expect(base::kDerInteger, "IM4M version"));
    static_cast<void>(version);
    UB_TRY(const auto body, members.expect(base::kDerSet, "IM4M body"));
    ticket.signed_part = body.whole;
    if (!members.at_end()) {
        UB_TRY(const auto signature, members.expect(base::kDerOctetString, "IM4M signature"));
        ticket.signature = signature.content;
    }
    base::DerReader in_set(body.content);
    UB_TRY(const auto manb, in_set.expect(base::der_private(tag_number("MANB")), "MANB"));
    base::DerReader in_manb(manb.content);
    UB_TRY(const auto manb_sequence, in_manb.expect(base::kDerSequence, "MANB"));
    base::DerReader manb_members(manb_sequence.content);
    UB_TRY(const auto manb_name, manb_members.expect(base::kDerIa5String, "MANB name"));
    static_cast<void>(manb_name);
    UB_TRY(const auto manb_set, manb_members.expect(base::kDerSet, "MANB set"));
    base::DerReader entries(manb_set.content);
    while (!entries.at_end()) {
        UB_TRY(const auto entry, entries.next());
        base::DerReader in_entry(entry.content);
        UB_TRY(const auto entry_sequence, in_entry.expect(base::kDerSequence, "manifest entry"));
        base::DerReader entry_members(entry_sequence.content);
        UB_TRY(const auto name, entry_members.expect(base::kDerIa5String, "manifest entry name"));
        UB_TRY(const auto set, entry_members.expect(base::kDerSet, "manifest entry set"));
        UB_TRY(auto properties, read_properties(set.content));
        ticket.manifest[std::string(base::as_text(name.content))] = std::move(properties);
    }
    return ticket;
}

base::Status check_parsed(const ParsedTicket& ticket, const PhoneTrust& trust) {
    const auto mismatch = [](std::string what) { return fail(ErrorCode::TicketMismatch, std::move(what)); };
    if (trust.key == nullptr || !trust.key->verify(ticket.signed_part, ticket.signature)) return mismatch("the ticket's signature is not the maker's");
    const auto manp = ticket.manifest.find("MANP");
    if (manp == ticket.manifest.end()) return mismatch("the ticket has no MANP");
    const auto number = [&](const char* name) -> std::optional<std::uint64_t> {
        const auto found = manp->second.find(name);
        return found == manp->second.end() ? std::nullopt : found->second.number;
    };
    const auto octets = [&](const char* name) -> Bytes {
        const auto found = manp->second.find(name);
        return found == manp->second.end() || !found->second.octets ? Bytes() : *found->second.octets;
    };
    if (number("ECID") != trust.ecid) return mismatch("the ticket is for another ECID");
    if (number("CHIP") != trust.chip) return mismatch("the ticket is for another chip");
    if (number("BORD") != trust.board) return mismatch("the ticket is for another board");
    if (number("SDOM") != trust.security_domain) return mismatch("the ticket is for another security domain");
    if (octets("BNCH") != trust.ap_nonce) return mismatch("the ticket's AP nonce is not the phone's");
    if (std::find(trust.sep_nonces.begin(), trust.sep_nonces.end(), octets("snon")) == trust.sep_nonces.end()) return mismatch("the ticket's SEP nonce is none of the phone's");
    return {};
}

}  // namespace

Bytes make_im4p(std::string_view fourcc, std::string_view description, ByteView payload) {
    return base::der_encode(base::kDerSequence, joined({base::der_ia5("IM4P"), base::der_ia5(fourcc), base::der_ia5(description), base::der_octets(payload)}));
}

Bytes retagged_im4p(ByteView im4p, std::string_view fourcc) {
    Bytes copy(im4p.begin(), im4p.end());
    base::DerReader top(copy);
    if (const auto sequence = top.next()) {
        base::DerReader members(sequence->content);
        const auto magic = members.next();
        const auto code = members.next();
        if (magic && code && code->content.size() == fourcc.size())
            std::copy(fourcc.begin(), fourcc.end(), copy.begin() + (code->content.data() - copy.data()));
    }
    return copy;
}

struct SigningKey::State {
    EVP_PKEY* key = nullptr;
    ~State() { EVP_PKEY_free(key); }
};

base::Result<SigningKey> SigningKey::generate() {
    SigningKey made;
    made.state_ = std::make_shared<State>();
    made.state_->key = EVP_EC_gen("P-256");
    if (made.state_->key == nullptr) return fail(ErrorCode::Internal, "OpenSSL made no P-256 key");
    return made;
}

Bytes SigningKey::sign(ByteView data) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    std::size_t length = 0;
    Bytes signature;
    if (EVP_DigestSignInit(context, nullptr, EVP_sha384(), nullptr, state_->key) == 1 &&
        EVP_DigestSign(context, nullptr, &length, data.data(), data.size()) == 1) {
        signature.resize(length);
        if (EVP_DigestSign(context, signature.data(), &length, data.data(), data.size()) == 1) signature.resize(length);
        else signature.clear();
    }
    EVP_MD_CTX_free(context);
    return signature;
}

bool SigningKey::verify(ByteView data, ByteView signature) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    const bool good = EVP_DigestVerifyInit(context, nullptr, EVP_sha384(), nullptr, state_->key) == 1 &&
                      EVP_DigestVerify(context, signature.data(), signature.size(), data.data(), data.size()) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

Bytes SigningKey::public_key_der() const {
    unsigned char* raw = nullptr;
    const int length = i2d_PUBKEY(state_->key, &raw);
    Bytes der;
    if (length > 0) der.assign(raw, raw + length);
    OPENSSL_free(raw);
    return der;
}

Bytes make_ticket(const TicketFor& what, const base::Plist& fourccs, const SigningKey& key) {
    Bytes manp;
    base::append(manp, property("BNCH", base::der_octets(what.ap_nonce)));
    base::append(manp, property("BORD", base::der_integer(what.board)));
    base::append(manp, property("CEPO", base::der_integer(1)));
    base::append(manp, property("CHIP", base::der_integer(what.chip)));
    base::append(manp, property("CPRO", base::der_boolean(what.production)));
    base::append(manp, property("CSEC", base::der_boolean(what.secure)));
    base::append(manp, property("ECID", base::der_integer(what.ecid)));
    base::append(manp, property("SDOM", base::der_integer(what.security_domain)));
    base::append(manp, property("snon", base::der_octets(what.sep_nonce)));
    Bytes entries = property_set("MANP", manp);
    for (const auto& name : what.components.keys()) {
        const auto fourcc = fourccs.string_at(name);
        const auto entry = what.components.at(name);
        const auto digest = entry.data_at("Digest");
        if (!fourcc || !digest || digest->empty()) continue;
        Bytes members = property("DGST", base::der_octets(*digest));
        if (const auto value = entry.boolean_at("Trusted")) base::append(members, property("EKEY", base::der_boolean(*value)));
        if (const auto value = entry.boolean_at("EPRO")) base::append(members, property("EPRO", base::der_boolean(*value)));
        if (const auto value = entry.boolean_at("ESEC")) base::append(members, property("ESEC", base::der_boolean(*value)));
        base::append(entries, property_set(*fourcc, members));
    }
    const auto body = base::der_encode(base::kDerSet, property_set("MANB", entries));
    const auto signature = base::der_octets(key.sign(body));
    const auto certificates = base::der_encode(base::kDerSequence, key.public_key_der());
    return base::der_encode(base::kDerSequence, joined({base::der_ia5("IM4M"), base::der_integer(0), body, signature, certificates}));
}

base::Status check_ticket(ByteView im4m, const PhoneTrust& trust) {
    UB_TRY(const auto ticket, parse_ticket(im4m));
    return check_parsed(ticket, trust);
}

base::Result<CheckedImage> check_image(ByteView img4, const PhoneTrust& trust) {
    base::DerReader top(img4);
    UB_TRY_CONTEXT(const auto sequence, top.expect(base::kDerSequence, "IMG4"), "image");
    if (!top.at_end()) return fail(ErrorCode::InvalidInput, "bytes after the IMG4");
    base::DerReader members(sequence.content);
    UB_TRY(const auto magic, members.expect(base::kDerIa5String, "IMG4 magic"));
    if (base::as_text(magic.content) != "IMG4") return fail(ErrorCode::InvalidInput, "not an IMG4 (the component was not personalised)");
    UB_TRY(const auto im4p, members.expect(base::kDerSequence, "IM4P"));
    UB_TRY(const auto im4m, members.expect(base::der_context(0), "ticket"));
    CheckedImage image;
    image.im4p.assign(im4p.whole.begin(), im4p.whole.end());
    if (!members.at_end()) {
        UB_TRY(const auto im4r, members.expect(base::der_context(1), "IM4R"));
        image.im4r.assign(im4r.content.begin(), im4r.content.end());
        const auto text = base::as_text(image.im4r);
        image.has_nonce_slot = base::contains(text, "snid") || base::contains(text, "anid");
    }
    base::DerReader payload_members(im4p.content);
    UB_TRY(const auto payload_magic, payload_members.expect(base::kDerIa5String, "IM4P magic"));
    static_cast<void>(payload_magic);
    UB_TRY(const auto fourcc, payload_members.expect(base::kDerIa5String, "IM4P type"));
    UB_TRY(const auto description, payload_members.expect(base::kDerIa5String, "IM4P description"));
    static_cast<void>(description);
    UB_TRY(const auto payload, payload_members.expect(base::kDerOctetString, "IM4P payload"));
    image.fourcc = std::string(base::as_text(fourcc.content));
    image.payload.assign(payload.content.begin(), payload.content.end());

    UB_TRY(const auto ticket, parse_ticket(im4m.content));
    UB_TRY_VOID(check_parsed(ticket, trust));
    const auto entry = ticket.manifest.find(image.fourcc);
    if (entry == ticket.manifest.end()) return fail(ErrorCode::TicketMismatch, fmt::format("the ticket has no entry for '{}'", image.fourcc));
    const auto digest = entry->second.find("DGST");
    if (digest == entry->second.end() || !digest->second.octets) return fail(ErrorCode::TicketMismatch, fmt::format("'{}' has no digest in the ticket", image.fourcc));
    if (*digest->second.octets != base::digest_of(trust.digest, image.im4p))
        return fail(ErrorCode::TicketMismatch, fmt::format("the digest of '{}' is not the ticket's", image.fourcc));
    return image;
}

}  // namespace unbrick::simulator
