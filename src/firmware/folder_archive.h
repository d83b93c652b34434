// A folder with the tree of an IPSW. Links that lead out of it are not followed.
#pragma once

#include "src/firmware/archive.h"

namespace unbrick::firmware {

class FolderArchive final : public Archive {
public:
    static base::Result<std::shared_ptr<const Archive>> open(const std::filesystem::path& path);
    std::optional<Member> find(std::string_view name) const override;
    std::map<std::string, Member> list(std::string_view prefix) const override;
    base::Result<std::unique_ptr<MemberReader>> reader(std::string_view name) const override;

private:
    explicit FolderArchive(std::filesystem::path path) : Archive(std::move(path)) {}
    base::Result<base::Fd> open_below(std::string_view name) const;
};

}  // namespace unbrick::firmware
