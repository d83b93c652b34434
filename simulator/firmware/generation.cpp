#include "simulator/firmware/generation.h"

namespace unbrick::simulator {

const std::vector<Generation>& generations() {
    static const std::vector<Generation> table = [] {
        std::vector<Generation> made;
        Generation a8;
        a8.id = "a8", a8.product_type = "iPhone7,2", a8.board = "n61ap", a8.cpid = 0x7000, a8.bdid = 0x06;
        a8.version = "12.5.7", a8.build = "16H81", a8.sha384 = false, a8.nonce_length = 20, a8.ibss_is_dfu = true;
        a8.trust_cache = true, a8.baseband_chip = 0x5000E1, a8.baseband_kind = "mav5";
        made.push_back(a8);

        Generation a11;
        a11.id = "a11", a11.product_type = "iPhone10,6", a11.board = "d221ap", a11.cpid = 0x8015, a11.bdid = 0x0E;
        a11.version = "13.7", a11.build = "17H35", a11.trust_cache = true;
        a11.baseband_chip = 0x65, a11.baseband_kind = "ice17", a11.updaters = {"SE", "Savage"};
        made.push_back(a11);

        Generation a12 = a11;
        a12.id = "a12", a12.product_type = "iPhone11,8", a12.board = "n841ap", a12.cpid = 0x8020, a12.bdid = 0x0C;
        a12.version = "15.4.1", a12.build = "19E258", a12.host_lists = true, a12.iboot_images = true, a12.sealed_volume = true;
        a12.baseband_chip = 0x67, a12.baseband_kind = "ice18";
        made.push_back(a12);

        Generation a15 = a12;
        a15.id = "a15", a15.product_type = "iPhone14,5", a15.board = "d17ap", a15.cpid = 0x8110, a15.bdid = 0x0A;
        a15.version = "18.1", a15.build = "22B83", a15.page_table_monitor = true, a15.aea = true, a15.cryptex = true;
        a15.baseband_chip = 0x1440E1, a15.baseband_kind = "mav20", a15.updaters = {"SE", "Savage", "Rose", "T200"};
        made.push_back(a15);

        Generation a16 = a15;
        a16.id = "a16", a16.product_type = "iPhone15,2", a16.board = "d73ap", a16.cpid = 0x8120, a16.bdid = 0x0C, a16.kis = true;
        made.push_back(a16);

        Generation a18 = a16;
        a18.id = "a18", a18.product_type = "iPhone17,3", a18.board = "d47ap", a18.cpid = 0x8140, a18.bdid = 0x08;
        a18.version = "18.3", a18.build = "22D64", a18.nonce_slots = true;
        made.push_back(a18);

        Generation a19 = a18;
        a19.id = "a19", a19.product_type = "iPhone18,3", a19.board = "v57ap", a19.cpid = 0x8150, a19.bdid = 0x08;
        a19.version = "26.1", a19.build = "23B85", a19.baseband_chip = 0x1F30E1, a19.baseband_kind = "mav25";
        made.push_back(a19);
        return made;
    }();
    return table;
}

const Generation* find_generation(std::string_view id) {
    for (const auto& generation : generations())
        if (generation.id == id) return &generation;
    return nullptr;
}

const Generation* generation_of_chip(std::uint32_t cpid) {
    switch (cpid) {
        case 0x8960: case 0x7000: case 0x7001: case 0x8000: case 0x8001: case 0x8003: return find_generation("a8");
        case 0x8010: case 0x8011: case 0x8015: return find_generation("a11");
        case 0x8020: case 0x8027: case 0x8030: return find_generation("a12");
        case 0x8101: case 0x8103: case 0x8110: case 0x8112: return find_generation("a15");
        case 0x8120: case 0x8122: case 0x8130: case 0x8132: return find_generation("a16");
        case 0x8140: case 0x8142: return find_generation("a18");
        case 0x8150: return find_generation("a19");
        default: return nullptr;
    }
}

}  // namespace unbrick::simulator
