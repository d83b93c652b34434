// Makes a virtual phone restorable: its boot loaders check what they are given, and its restore mode answers.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "simulator/phone/phone.h"
#include "simulator/restore/boot_chain.h"
#include "simulator/restore/restored.h"

namespace unbrick::simulator {

// From the scenario's phone object, member "restore"; every member may be absent.
struct RestoreTraits {
    std::string generation;                // empty: found by chip and board
    ImageKeeping sink = ImageKeeping::Digest;
    std::string image_file;
    std::uint64_t free_for_update_mib = 1u << 20;
    bool bad_storage = false, dead_baseband = false, negative_ecid = false;
    std::uint64_t order_seed = 0;
    std::vector<RestoreFault> faults;
    std::string key_url;
    static base::Result<RestoreTraits> from_json(const base::Json& restore);
};

class RestoreSide : public ImageSink {
public:
    // Installs itself as the phone's image sink. `phone` outlives this object, except that stop() ends all use.
    // `ports` is where restore mode's programs listen; it outlives this object.
    static base::Result<std::shared_ptr<RestoreSide>> create(VirtualPhone& phone, Ports& ports, SigningKey key, RestoreTraits traits);
    ~RestoreSide() override;
    void stop();

    const Generation& generation() const { return generation_; }
    // Where the phone has the key of an encrypted image fetched. Before the first restore begins.
    void set_key_url(std::string url) { restore_.key_url = std::move(url); }

    // ImageSink
    NextBoot boot_dfu_image(VirtualPhone& phone, const UploadedImage& image) override;
    NextBoot go(VirtualPhone& phone, const UploadedImage* image) override;
    NextBoot bootx(VirtualPhone& phone, const UploadedImage* image) override;
    std::optional<CommandOutcome> command(VirtualPhone& phone, const std::string& command, const UploadedImage* image) override;

private:
    RestoreSide(VirtualPhone& phone, Ports& ports, SigningKey key, RestoreTraits traits, Generation generation);
    void fill_restore_phone();
    void follow(const Change& change);
    void work();
    BootChain& chain_now();
    NextBoot next_boot(const BootAnswer& answer);
    PhoneTrust trust_now() const;
    std::vector<base::Bytes> seen_sep_nonces() const;
    void tell_violations();

    VirtualPhone& phone_;
    SigningKey key_;
    RestoreTraits traits_;
    Generation generation_;
    RestorePhone restore_;

    mutable std::mutex nonce_mutex_;
    mutable std::vector<base::Bytes> sep_nonces_;   // every one that the phone has shown

    std::mutex chain_mutex_;
    std::unique_ptr<BootChain> chain_;
    std::uint64_t chain_epoch_ = 0;        // bus epoch in which the chain was last used

    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    bool in_restore_ = false;              // what the worker should bring about
    std::uint64_t pause_epoch_ = 0;        // counts mode changes: a pause of an earlier one ends
    std::optional<RamdiskNote> ramdisk_;
    base::Bytes image_digest_;
    std::unique_ptr<Restored> restored_;   // worker thread only, except cut()
    std::thread worker_;
    Subscription subscription_;
};

}  // namespace unbrick::simulator
