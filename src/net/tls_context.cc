#include "net/tls_context.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "net/tls_error.h"

namespace reprise::net {

namespace {

constexpr std::array<unsigned char, 9> kProtocols = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
// For TLS 1.2; those of TLS 1.3 are all as good.
constexpr const char* kServerCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr long kTicketSeconds = 3600;
constexpr size_t kTicketKeyBytes = 80;

using TicketKeys = std::array<unsigned char, kTicketKeyBytes>;

// A process's workers share one address, so a ticket of one has to open at every other.
TicketKeys ticket_keys() {
  static const TicketKeys keys = [] {
    TicketKeys random;
    CHECK(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1);
    return random;
  }();
  return keys;
}

// A client that names protocols without ours is told so (RFC 7301, section 3.2): whatever it
// speaks, it must not be taken for HTTP/1.1.
int select_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* match = nullptr;
  const int result = SSL_select_next_proto(&match, chosen_size, kProtocols.data(),
                                           kProtocols.size(), offered, offered_size);
  *chosen = match;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Without it OpenSSL would ask for the passphrase on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> parsed;
  return ::inet_pton(AF_INET, host.c_str(), parsed.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), parsed.data()) == 1;
}

// A name given with the root's dot is certified, and sent, without it (RFC 6066, section 3).
std::string without_root(const std::string& host) {
  return host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
}

bool expect_name(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* expected = SSL_get0_param(ssl);
  if (is_address(host)) return X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1;
  const std::string name = without_root(host);
  if (name.empty()) return false;  // to OpenSSL this would mean any name
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(expected, name.data(), name.size()) == 1 &&
         SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
}

tl::unexpected<base::Error> refuse(const std::string& what) {
  return base::fail(base::ErrorKind::kRefuse, what + ": " + take_tls_error());
}

}  // namespace

void TlsFree::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
void TlsFree::operator()(SSL* ssl) const { SSL_free(ssl); }
void TlsFree::operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }

TlsContext::TlsContext(const SSL_METHOD* method) : context_(SSL_CTX_new(method)) {
  SSL_CTX* context = context_.get();
  CHECK(context != nullptr);
  SSL_CTX_set_app_data(context, this);
  CHECK(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

// Streams hold on to OpenSSL's context, which must not call us any more.
TlsContext::~TlsContext() { SSL_CTX_set_app_data(context_.get(), nullptr); }

base::Result<std::unique_ptr<TlsContext>> TlsContext::client(const std::string& ca_file) {
  ERR_clear_error();
  std::unique_ptr<TlsContext> made(new TlsContext(TLS_client_method()));
  SSL_CTX* context = made->context_.get();
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1) return refuse("the system's certificates");
  } else if (SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1) {
    return refuse(ca_file);
  }
  // 0 is success, here alone.
  CHECK(SSL_CTX_set_alpn_protos(context, kProtocols.data(), kProtocols.size()) == 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &TlsContext::on_new_session);
  return made;
}

base::Result<std::unique_ptr<TlsContext>> TlsContext::server(const std::string& cert_file,
                                                             const std::string& key_file) {
  ERR_clear_error();
  std::unique_ptr<TlsContext> made(new TlsContext(TLS_server_method()));
  SSL_CTX* context = made->context_.get();
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  if (SSL_CTX_use_certificate_chain_file(context, cert_file.c_str()) != 1) {
    return refuse(cert_file);
  }
  // This finds out, too, whether the two belong together.
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return refuse(key_file);
  }
  CHECK(SSL_CTX_set_cipher_list(context, kServerCiphers) == 1);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets hold the sessions
  SSL_CTX_set_timeout(context, kTicketSeconds);
  TicketKeys keys = ticket_keys();
  CHECK(SSL_CTX_set_tlsext_ticket_keys(context, keys.data(), keys.size()) == 1);
  OPENSSL_cleanse(keys.data(), keys.size());
  return made;
}

base::Result<TlsContext::Ssl> TlsContext::make_client(const std::string& host) {
  ERR_clear_error();
  Ssl ssl(SSL_new(context_.get()));
  CHECK(ssl != nullptr);
  if (!expect_name(ssl.get(), host)) {
    ERR_clear_error();
    return base::fail(base::ErrorKind::kUnavailable, "no certificate can be for this name");
  }
  SSL_set_app_data(ssl.get(), const_cast<std::string*>(&host));
  if (const Session session = recall(host)) SSL_set_session(ssl.get(), session.get());
  SSL_set_connect_state(ssl.get());
  return ssl;
}

TlsContext::Ssl TlsContext::make_server() {
  ERR_clear_error();
  Ssl ssl(SSL_new(context_.get()));
  CHECK(ssl != nullptr);
  SSL_set_accept_state(ssl.get());
  return ssl;
}

int TlsContext::on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto* self = static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (self == nullptr) return 0;
  self->remember(*static_cast<const std::string*>(SSL_get_app_data(ssl)), Session(session));
  return 1;  // the reference is ours now
}

void TlsContext::remember(const std::string& host, Session session) {
  const auto of_host = [&host](const Remembered& known) { return known.host == host; };
  const auto count = std::count_if(sessions_.begin(), sessions_.end(), of_host);
  if (static_cast<size_t>(count) >= kSessionsPerHostMax) {
    sessions_.erase(std::find_if(sessions_.begin(), sessions_.end(), of_host));
  } else if (sessions_.size() >= kSessionsMax) {
    sessions_.pop_front();
  }
  sessions_.push_back({host, std::move(session)});
}

// A ticket of TLS 1.3 is good for one connection, so that nobody can tell that two are ours
// (RFC 8446, appendix C.4).
TlsContext::Session TlsContext::recall(const std::string& host) {
  const auto found = std::find_if(sessions_.rbegin(), sessions_.rend(),
                                  [&host](const Remembered& known) { return known.host == host; });
  if (found == sessions_.rend()) return nullptr;
  Session session = std::move(found->session);
  if (SSL_SESSION_get_protocol_version(session.get()) < TLS1_3_VERSION) {
    SSL_SESSION_up_ref(session.get());
    found->session.reset(session.get());
  } else {
    sessions_.erase(std::next(found).base());
  }
  return session;
}

}  // namespace reprise::net
