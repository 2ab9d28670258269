// The resumable SHA contexts are deprecated in OpenSSL 3 in favour of EVP, whose
// state cannot be exported; they are what `hashstates` needs.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
