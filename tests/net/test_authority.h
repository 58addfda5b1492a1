#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace reprise::net {

// Subject: whom a certificate is for, and for how long from now; an expired one has a negative
// life.
struct Subject {
  std::string names = "DNS:localhost,IP:127.0.0.1";  // as in OpenSSL's subjectAltName
  int days = 1;
};

// CertificateFiles: a certificate and its key as options name them.
struct CertificateFiles {
  std::string certificate;
  std::string key;
};

// TestAuthority: a certificate authority that only this test trusts.
// Owner: the test. Thread: its own.
class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  std::string file() const { return (directory_ / "ca.pem").string(); }
  CertificateFiles issue(const Subject& subject);
  // A copy of a key that needs a passphrase.
  std::string lock(const std::string& key_file) const;
  // A file of this content, which goes with the authority.
  std::string write(const std::string& name, const std::string& content) const;

 private:
  struct Keys;
  std::filesystem::path directory_;
  std::unique_ptr<Keys> keys_;
  int issued_ = 0;
};

}  // namespace reprise::net
