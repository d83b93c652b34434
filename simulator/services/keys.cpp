#include "simulator/services/keys.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <memory>
#include <mutex>
#include <optional>

#include "src/base/digest.h"

namespace unbrick::simulator::services {

using base::ErrorCode;

namespace {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* value) const { Free(value); }
};
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;

constexpr long kCertificateLife = 10L * 365 * 24 * 3600;

std::string text_of(BIO* memory) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory, &text);
    return {text, static_cast<std::size_t>(size)};
}

KeyPtr read_private_key(const std::string& pem) {
    BioPtr memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return KeyPtr(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
}

std::string certificate_pem(X509* certificate) {
    BioPtr memory(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(memory.get(), certificate);
    return text_of(memory.get());
}

void add_extension(X509* certificate, int id, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, nullptr, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
    if (extension == nullptr) return;
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

// Nameless certificates with SHA-1 signatures are what hosts make for pairing (virtual-phone.md section 2).
X509Ptr make_certificate(EVP_PKEY* key, bool authority) {
    X509Ptr certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kCertificateLife);
    X509_set_pubkey(certificate.get(), key);
    add_extension(certificate.get(), NID_basic_constraints, authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!authority) add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature,keyEncipherment");
    if (X509_sign(certificate.get(), key, EVP_sha1()) == 0) return nullptr;
    return certificate;
}

base::Result<DeviceKey> make_device_key() {
    KeyPtr key(EVP_RSA_gen(2048));
    if (!key) return base::fail(ErrorCode::Internal, "cannot make an RSA key");
    DeviceKey result;
    BioPtr secret(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    result.private_key = text_of(secret.get());
    // PEM_write_bio_PUBKEY would give the other form ("BEGIN PUBLIC KEY"), which clients do not read.
    unsigned char* der = nullptr;
    const int size = i2d_PublicKey(key.get(), &der);
    if (size <= 0) return base::fail(ErrorCode::Internal, "cannot write an RSA key");
    BioPtr open(BIO_new(BIO_s_mem()));
    PEM_write_bio(open.get(), "RSA PUBLIC KEY", "", der, size);
    OPENSSL_free(der);
    result.public_pkcs1 = text_of(open.get());
    return result;
}

}  // namespace

base::Result<DeviceKey> device_key() {
    static std::mutex mutex;
    static std::optional<DeviceKey> key;
    const std::lock_guard lock(mutex);
    if (!key) {
        UB_TRY(key, make_device_key());
    }
    return *key;
}

base::Result<base::Plist> make_pair_record(const std::string& host_id, const std::string& system_buid,
                                           const std::string& wifi_address) {
    UB_TRY(const DeviceKey device, device_key());
    // Root, host and device may share one key: no client compares them, and one key is made faster.
    const KeyPtr key = read_private_key(device.private_key);
    const X509Ptr root = make_certificate(key.get(), true);
    const X509Ptr leaf = make_certificate(key.get(), false);
    if (!root || !leaf) return base::fail(ErrorCode::Internal, "cannot make pairing certificates");
    const auto data = [](const std::string& text) { return base::Plist::data(base::as_bytes(text)); };
    return base::Plist::dict()
        .set("DeviceCertificate", data(certificate_pem(leaf.get())))
        .set("HostCertificate", data(certificate_pem(leaf.get())))
        .set("RootCertificate", data(certificate_pem(root.get())))
        .set("HostPrivateKey", data(device.private_key))
        .set("RootPrivateKey", data(device.private_key))
        .set("HostID", host_id)
        .set("SystemBUID", system_buid)
        .set("WiFiMACAddress", wifi_address)
        .set("EscrowBag", base::Plist::data(base::random_bytes(32)));
}

bool same_certificate(std::string_view one, std::string_view other) {
    const auto read = [](std::string_view pem) {
        BioPtr memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
        return X509Ptr(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
    };
    const X509Ptr first = read(one);
    const X509Ptr second = read(other);
    return first && second && X509_cmp(first.get(), second.get()) == 0;
}

}  // namespace unbrick::simulator::services
