#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include "base/result.h"

struct ssl_session_st;  // OpenSSL's SSL_SESSION
struct ssl_method_st;

namespace reprise::net {

// TlsFree: gives OpenSSL's objects back.
struct TlsFree {
  void operator()(SSL_CTX* context) const;
  void operator()(SSL* ssl) const;
  void operator()(ssl_session_st* session) const;
};

// TlsContext: one endpoint's settings and its remembered sessions. Its streams may outlive it.
// Owner: a worker. Thread: its loop's.
class TlsContext {
 public:
  using Ssl = std::unique_ptr<SSL, TlsFree>;

  // `ca_file` empty: the system's store. Verifies the other side and its name, always.
  static base::Result<std::unique_ptr<TlsContext>> client(const std::string& ca_file);
  // The certificate's chain and its key, both PEM, the key without a passphrase.
  static base::Result<std::unique_ptr<TlsContext>> server(const std::string& cert_file,
                                                          const std::string& key_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // For TlsStream. The connection to `host`, a name or an address, accepts that one's certificate
  // only, and offers a session remembered for it. `host` outlives the result.
  base::Result<Ssl> make_client(const std::string& host);
  Ssl make_server();
  size_t session_count() const { return sessions_.size(); }

  static constexpr size_t kSessionsMax = 64;
  static constexpr size_t kSessionsPerHostMax = 8;

 private:
  using Session = std::unique_ptr<ssl_session_st, TlsFree>;
  struct Remembered {
    std::string host;
    Session session;
  };
  explicit TlsContext(const ssl_method_st* method);
  static int on_new_session(SSL* ssl, ssl_session_st* session);
  void remember(const std::string& host, Session session);
  Session recall(const std::string& host);

  std::unique_ptr<SSL_CTX, TlsFree> context_;
  std::list<Remembered> sessions_;  // oldest first
};

}  // namespace reprise::net
