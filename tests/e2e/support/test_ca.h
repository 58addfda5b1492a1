#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <memory>
#include <string>

namespace reprise::e2e {

// TempDir: a directory that goes with its owner.
class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  std::string path(const std::string& name) const { return (path_ / name).string(); }
  // Writes a file, and returns its path.
  std::string write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeContext>;

// Subject: whom a certificate is for, and how long from now; a negative life is an expired one.
struct Subject {
  std::string host = "localhost";
  std::string ip = "127.0.0.1";
  int days = 1;
};

// CertificateFiles: a certificate and its key as options name them.
struct CertificateFiles {
  std::string certificate;
  std::string key;
};

// TestCa: an authority of one's own, made anew for each test.
// Owner: the test. Thread: its own.
class TestCa {
 public:
  TestCa();
  ~TestCa();

  std::string file() const { return directory_.path("ca.pem"); }
  CertificateFiles issue(const Subject& subject) const;
  TlsContext server(const Subject& subject) const;
  // Trusts this authority alone.
  TlsContext client() const;

 private:
  struct Keys;
  TempDir directory_;
  std::unique_ptr<Keys> keys_;
};

}  // namespace reprise::e2e
