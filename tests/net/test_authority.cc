#include "net/test_authority.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "base/check.h"

namespace reprise::net {

namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using File = std::unique_ptr<std::FILE, Free>;

constexpr long kDay = 24 * 3600;

void extend(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  CHECK(extension != nullptr);
  CHECK(X509_add_ext(certificate, extension.get(), -1) == 1);
}

Certificate make_certificate(EVP_PKEY* key, const std::string& common_name, int days) {
  static long serial = 0;
  Certificate certificate(X509_new());
  X509* raw = certificate.get();
  X509_set_version(raw, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(raw), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(raw), -3 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(raw), days * kDay);
  X509_set_pubkey(raw, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  return certificate;
}

File open_for_writing(const std::string& path) {
  File file(std::fopen(path.c_str(), "w"));
  CHECK(file != nullptr);
  return file;
}

}  // namespace

struct TestAuthority::Keys {
  Key key{EVP_EC_gen("P-256")};
  Certificate certificate;
};

TestAuthority::TestAuthority() : keys_(std::make_unique<Keys>()) {
  std::string name = (std::filesystem::temp_directory_path() / "reprise-tls-XXXXXX").string();
  CHECK(::mkdtemp(name.data()) != nullptr);
  directory_ = name;
  keys_->certificate = make_certificate(keys_->key.get(), directory_.filename(), 1);
  X509* raw = keys_->certificate.get();
  X509_set_issuer_name(raw, X509_get_subject_name(raw));
  extend(raw, NID_basic_constraints, "critical,CA:TRUE");
  extend(raw, NID_key_usage, "critical,keyCertSign");
  CHECK(X509_sign(raw, keys_->key.get(), EVP_sha256()) > 0);
  CHECK(PEM_write_X509(open_for_writing(file()).get(), raw) == 1);
}

TestAuthority::~TestAuthority() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

CertificateFiles TestAuthority::issue(const Subject& subject) {
  const std::string stem = (directory_ / std::to_string(++issued_)).string();
  const CertificateFiles files{stem + ".pem", stem + ".key"};
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = make_certificate(key.get(), "leaf", subject.days);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(keys_->certificate.get()));
  extend(certificate.get(), NID_subject_alt_name, subject.names);
  CHECK(X509_sign(certificate.get(), keys_->key.get(), EVP_sha256()) > 0);
  CHECK(PEM_write_X509(open_for_writing(files.certificate).get(), certificate.get()) == 1);
  CHECK(PEM_write_PrivateKey(open_for_writing(files.key).get(), key.get(), nullptr, nullptr, 0,
                             nullptr, nullptr) == 1);
  return files;
}

std::string TestAuthority::lock(const std::string& key_file) const {
  const std::string path = key_file + ".locked";
  const File in(std::fopen(key_file.c_str(), "r"));
  CHECK(in != nullptr);
  const Key key(PEM_read_PrivateKey(in.get(), nullptr, nullptr, nullptr));
  const unsigned char secret[] = {'s', 'e', 's', 'a', 'm', 'e'};
  CHECK(PEM_write_PrivateKey(open_for_writing(path).get(), key.get(), EVP_aes_128_cbc(), secret,
                             sizeof(secret), nullptr, nullptr) == 1);
  return path;
}

std::string TestAuthority::write(const std::string& name, const std::string& content) const {
  const std::string path = (directory_ / name).string();
  std::ofstream(path) << content;
  return path;
}

}  // namespace reprise::net
