#include "e2e/support/test_ca.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "e2e/support/patience.h"

namespace reprise::e2e {
namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Certificate = std::unique_ptr<X509, FreeCertificate>;

void require(bool good, const char* what) {
  if (!good) throw HarnessError(std::string("certificate: ") + what);
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  require(extension != nullptr, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate unsigned_certificate(EVP_PKEY* key, const std::string& name, int days) {
  static std::atomic<long> serial{1};
  constexpr long kDay = 24 * 3600;
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -2 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * kDay);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

template <typename Write>
void write_pem(const std::string& path, Write write) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  require(file != nullptr, path.c_str());
  require(write(file) == 1, path.c_str());
  std::fclose(file);
}

}  // namespace

struct TestCa::Keys {
  Key key{EVP_EC_gen("P-256")};
  Certificate certificate;
};

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "reprise-e2e-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw HarnessError("no temporary directory");
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::write(const std::string& name, const std::string& content) const {
  std::ofstream(path(name)) << content;
  return path(name);
}

TestCa::TestCa() : keys_(std::make_unique<Keys>()) {
  keys_->certificate = unsigned_certificate(keys_->key.get(), "reprise test authority", 1);
  X509* const certificate = keys_->certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, NID_key_usage, "critical,keyCertSign");
  require(X509_sign(certificate, keys_->key.get(), EVP_sha256()) > 0, "cannot sign");
  write_pem(file(), [&](std::FILE* out) { return PEM_write_X509(out, certificate); });
}

TestCa::~TestCa() = default;

CertificateFiles TestCa::issue(const Subject& subject) const {
  static std::atomic<int> number{0};
  const std::string stem = "leaf" + std::to_string(number++);
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = unsigned_certificate(key.get(), subject.host, subject.days);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(keys_->certificate.get()));
  std::string names = "DNS:" + subject.host;
  if (!subject.ip.empty()) names += ",IP:" + subject.ip;
  add_extension(certificate.get(), NID_subject_alt_name, names);
  require(X509_sign(certificate.get(), keys_->key.get(), EVP_sha256()) > 0, "cannot sign");
  CertificateFiles files{directory_.path(stem + ".pem"), directory_.path(stem + ".key")};
  write_pem(files.certificate,
            [&](std::FILE* out) { return PEM_write_X509(out, certificate.get()); });
  write_pem(files.key, [&](std::FILE* out) {
    return PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return files;
}

TlsContext TestCa::server(const Subject& subject) const {
  const CertificateFiles files = issue(subject);
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  require(SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) == 1 &&
              SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) == 1,
          "cannot be used");
  return context;
}

TlsContext TestCa::client() const {
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  require(SSL_CTX_load_verify_locations(context.get(), file().c_str(), nullptr) == 1, "no CA");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

}  // namespace reprise::e2e
