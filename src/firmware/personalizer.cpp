#include "src/firmware/personalizer.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "src/firmware/component_names.h"

namespace unbrick::firmware {

using base::Bytes;
using base::ErrorCode;
using base::fail;

namespace {

constexpr std::size_t kPiece = 1u << 20;

class StitchedReader final : public MemberReader {
public:
    StitchedReader(Bytes prefix, std::unique_ptr<MemberReader> inner, std::uint64_t replace_at, Bytes replacement, Bytes suffix)
        : prefix_(std::move(prefix)), inner_(std::move(inner)), replace_at_(replace_at), replacement_(std::move(replacement)), suffix_(std::move(suffix)) {}
    std::uint64_t size() const override { return prefix_.size() + inner_size() + suffix_.size(); }
    base::Status read_at(std::uint64_t offset, std::span<std::uint8_t> into) override {
        if (offset > size() || into.size() > size() - offset) return fail(ErrorCode::InvalidInput, fmt::format("bytes {}+{} of {}", offset, into.size(), size()));
        const auto from_memory = [&](const Bytes& bytes, std::uint64_t start) {
            if (into.empty() || offset < start || offset >= start + bytes.size()) return;
            const auto at = static_cast<std::size_t>(offset - start);
            const auto count = std::min(into.size(), bytes.size() - at);
            std::memcpy(into.data(), bytes.data() + at, count);
            into = into.subspan(count);
            offset += count;
        };
        from_memory(prefix_, 0);
        const auto inner_end = prefix_.size() + inner_size();
        if (!into.empty() && offset < inner_end) {
            const auto at = offset - prefix_.size();
            const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), inner_size() - at));
            UB_TRY_VOID(inner_->read_at(at, into.first(count)));
            for (std::size_t i = 0; i < replacement_.size(); ++i) {
                const auto place = replace_at_ + i;
                if (place >= at && place < at + count) into[static_cast<std::size_t>(place - at)] = replacement_[i];
            }
            into = into.subspan(count);
            offset += count;
        }
        from_memory(suffix_, inner_end);
        return {};
    }

private:
    std::uint64_t inner_size() const { return inner_ ? inner_->size() : 0; }
    Bytes prefix_;
    std::unique_ptr<MemberReader> inner_;
    std::uint64_t replace_at_;
    Bytes replacement_, suffix_;
};

// Tag and length of a SEQUENCE whose content has `length` bytes.
Bytes sequence_header(std::uint64_t length) {
    Bytes header{0x30};
    if (length < 0x80) {
        header.push_back(static_cast<std::uint8_t>(length));
        return header;
    }
    int count = 0;
    for (auto rest = length; rest != 0; rest >>= 8) ++count;
    header.push_back(static_cast<std::uint8_t>(0x80 | count));
    for (int i = count - 1; i >= 0; --i) header.push_back(static_cast<std::uint8_t>(length >> (8 * i)));
    return header;
}

struct Head { std::string fourcc; std::size_t fourcc_offset = 0; };

// Type and place of it, from the first bytes of an IM4P, whose payload may be far larger than what is read here.
base::Result<Head> read_head(MemberReader& file, const std::string& name) {
    const auto no_image = [&](std::string_view why) { return fail(ErrorCode::FirmwareInvalid, fmt::format("{} is no Image4 payload: {}", name, why)); };
    Bytes head(static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), 64)));
    UB_TRY_VOID(file.read_at(0, head));
    if (head.size() < 20 || head[0] != 0x30) return no_image("it does not begin as one");
    std::size_t at = 1;
    std::uint64_t length = head[at++];
    if (length >= 0x80) {
        const auto count = static_cast<std::size_t>(length & 0x7F);
        if (count == 0 || count > 8) return no_image("its length is malformed");
        length = 0;
        for (std::size_t i = 0; i < count; ++i) length = (length << 8) | head[at++];
    }
    if (length != file.size() - at) return no_image(fmt::format("it says that it has {} bytes, and has {}", length, file.size() - at));
    static constexpr std::uint8_t kMagic[] = {0x16, 0x04, 'I', 'M', '4', 'P', 0x16, 0x04};
    if (at + sizeof kMagic + 4 > head.size() || std::memcmp(head.data() + at, kMagic, sizeof kMagic) != 0) return no_image("it lacks its mark");
    at += sizeof kMagic;
    return Head{std::string(base::as_text(base::ByteView(head).subspan(at, 4))), at};
}

base::Result<Bytes> digest_with_type(MemberReader& file, base::DigestKind kind, std::size_t at, std::string_view fourcc) {
    base::Digest digest(kind);
    Bytes piece(kPiece);
    for (std::uint64_t done = 0; done < file.size();) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), file.size() - done));
        UB_TRY_VOID(file.read_at(done, std::span(piece).first(count)));
        if (done == 0) std::memcpy(piece.data() + at, fourcc.data(), fourcc.size());
        digest.update(base::ByteView(piece).first(count));
        done += count;
    }
    return digest.finish();
}

}  // namespace

std::unique_ptr<MemberReader> stitched_reader(Bytes prefix, std::unique_ptr<MemberReader> inner, std::uint64_t replace_at, Bytes replacement, Bytes suffix) {
    return std::make_unique<StitchedReader>(std::move(prefix), std::move(inner), replace_at, std::move(replacement), std::move(suffix));
}

std::unique_ptr<MemberReader> bytes_reader(Bytes bytes) { return stitched_reader(std::move(bytes), nullptr, 0, {}, {}); }

base::Result<Personalizer> Personalizer::create(std::shared_ptr<const Archive> archive, const BuildIdentity* identity, base::Plist response,
                                                base::Plist ap_parameters) {
    const auto im4m = response.data_at("ApImg4Ticket");
    if (!im4m) return fail(ErrorCode::FirmwareInvalid, "the signing server's answer holds no ApImg4Ticket");
    UB_TRY(auto ticket, Ticket::parse(*im4m));
    Personalizer personalizer(std::move(archive), identity, std::move(response), std::move(ticket));
    personalizer.ap_nonce_slot_ = ap_parameters.integer_at("ApNonceSlotID").value_or(0);
    personalizer.sep_nonce_slot_ = ap_parameters.integer_at("SepNonceSlotID").value_or(2);
    return personalizer;
}

base::Result<std::string> Personalizer::path_of(const Component& component) const {
    // The server may redirect to another file of the same firmware (4.4).
    auto path = response_.at(component.name).string_at("Path").value_or(component.path);
    if (path.empty()) return fail(ErrorCode::NotFound, fmt::format("the firmware has no file for {}", component.name));
    if (!safe_member_name(path)) return fail(ErrorCode::FirmwareInvalid, fmt::format("the path of {} leaves the firmware", component.name));
    return path;
}

Bytes Personalizer::restore_info_of(const Component& component) const {
    std::vector<std::pair<std::string, Image4Value>> properties;
    if (identity_->requires_nonce_slot) {
        if (component.name == "SEP" || component.name == "SepStage1") properties.emplace_back("snid", sep_nonce_slot_);
        if (component.name == "LLB") properties.emplace_back("anid", ap_nonce_slot_);
    }
    const auto measurement = response_.at(component.name + "-TBM");
    const auto ucon = measurement.data_at("ucon"), ucer = measurement.data_at("ucer");
    if (ucon && ucer) {
        properties.emplace_back("ucon", *ucon);
        properties.emplace_back("ucer", *ucer);
    }
    return properties.empty() ? Bytes{} : write_im4r(properties);
}

base::Result<std::unique_ptr<MemberReader>> Personalizer::open_raw(std::string_view name) const {
    const auto* component = identity_->find(name);
    if (component == nullptr) return fail(ErrorCode::NotFound, fmt::format("this firmware has no component {}", name));
    UB_TRY(const auto path, path_of(*component));
    return archive_->reader(path);
}

base::Result<Bytes> Personalizer::read_raw(std::string_view name) const {
    UB_TRY(auto reader, open_raw(name));
    if (reader->size() > kComponentLimit) return fail(ErrorCode::LimitExceeded, fmt::format("{} has {} bytes; no component is so large", name, reader->size()));
    Bytes content(static_cast<std::size_t>(reader->size()));
    UB_TRY_VOID(reader->read_at(0, content));
    return content;
}

base::Result<std::unique_ptr<MemberReader>> Personalizer::open(std::string_view name) const {
    const auto* component = identity_->find(name);
    if (component == nullptr) return fail(ErrorCode::NotFound, fmt::format("this firmware has no component {}", name));
    UB_TRY(auto file, open_raw(name));
    if (file->size() > kRamdiskLimit) return fail(ErrorCode::LimitExceeded, fmt::format("{} has {} bytes; no image is so large", name, file->size()));
    UB_TRY(const auto head, read_head(*file, component->name));
    std::string fourcc = head.fourcc;
    if (!component->payload_type.empty()) fourcc = component->payload_type;
    else if (is_retagged(component->name)) fourcc = fourcc_of_component(component->name);
    const auto length = ticket_.digest_length(fourcc);
    const auto kind = digest_kind_of(length.value_or(48));
    if (!kind) return fail(ErrorCode::TicketMismatch, fmt::format("the ticket's digest of {} has {} bytes", name, *length));
    UB_TRY(const auto digest, digest_with_type(*file, *kind, head.fourcc_offset, fourcc));
    UB_TRY_VOID(ticket_.check_image(fourcc, digest, component->name));

    const auto im4r = restore_info_of(*component);
    Bytes suffix = base::der_encode(base::der_context(0), ticket_.bytes());
    if (!im4r.empty()) base::append(suffix, base::der_encode(base::der_context(1), im4r));
    const auto magic = base::der_ia5("IMG4");
    Bytes prefix = sequence_header(magic.size() + file->size() + suffix.size());
    base::append(prefix, magic);
    return stitched_reader(std::move(prefix), std::move(file), head.fourcc_offset, Bytes(fourcc.begin(), fourcc.end()), std::move(suffix));
}

base::Result<Bytes> Personalizer::read(std::string_view name) const {
    UB_TRY(auto reader, open(name));
    if (reader->size() > kComponentLimit) return fail(ErrorCode::LimitExceeded, fmt::format("{} has {} bytes; no component is so large", name, reader->size()));
    Bytes content(static_cast<std::size_t>(reader->size()));
    UB_TRY_VOID(reader->read_at(0, content));
    return content;
}

base::Result<Bytes> Personalizer::wrap(base::ByteView im4p) const {
    UB_TRY(const auto image, read_im4p(im4p));
    return write_img4(image.whole, ticket_.bytes(), {});
}

}  // namespace unbrick::firmware
