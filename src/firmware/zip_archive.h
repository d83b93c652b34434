// A zip file, by libzip. Its directory is checked once against what a firmware file can be.
#pragma once

#include <unordered_map>

#include "src/firmware/archive.h"

namespace unbrick::firmware {

class ZipArchive final : public Archive {
public:
    static base::Result<std::shared_ptr<const Archive>> open(const std::filesystem::path& path);
    std::optional<Member> find(std::string_view name) const override;
    std::map<std::string, Member> list(std::string_view prefix) const override;
    base::Result<std::unique_ptr<MemberReader>> reader(std::string_view name) const override;

private:
    ZipArchive(std::filesystem::path path, base::Fd file) : Archive(std::move(path)), file_(std::move(file)) {}
    base::Fd file_;   // keeps this very file, should its name be given to another one meanwhile
    std::map<std::string, Member, std::less<>> members_;
};

}  // namespace unbrick::firmware
