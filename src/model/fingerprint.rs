//! Fingerprint v1: a keyed digest of a canonical value, safe to keep and to print.

use std::fmt;
use std::sync::Arc;

use super::key::{KeyId, Subkey, hex};
use super::name::SecretName;

/// A keyed digest, bound to the secret it was made of; the same value elsewhere has another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    key: KeyId,
    digest: Arc<str>,
}

impl Fingerprint {
    /// Digests a whole canonical value.
    pub fn of_value(key: &Subkey, name: &SecretName, canonical: &[u8]) -> Self {
        Self::make(key, &[b"value", name.bound().as_bytes(), canonical])
    }

    /// Digests one field of it; `path` is part of the digest, so equal fields do not look equal.
    pub fn of_field(key: &Subkey, name: &SecretName, path: &str, text: &[u8]) -> Self {
        Self::make(key, &[b"field", name.bound().as_bytes(), path.as_bytes(), text])
    }

    fn make(key: &Subkey, parts: &[&[u8]]) -> Self {
        Self { key: key.id().clone(), digest: hex(&key.digest(parts)).into() }
    }

    /// The key it was made with; digests of two keys say nothing of each other.
    pub fn key(&self) -> &KeyId {
        &self.key
    }

    /// The first eight hex digits, for people.
    pub fn short(&self) -> &str {
        &self.digest[..8]
    }

    /// Parses `v1:<key id>:<64 hex digits>`; `None` for anything else, another version included.
    pub fn parse(text: &str) -> Option<Self> {
        let (key, digest) = text.strip_prefix("v1:")?.split_once(':')?;
        let valid = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        (valid(key, 8) && valid(digest, 64)).then(|| Self { key: KeyId::new(key), digest: digest.into() })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1:{}:{}", self.key.as_str(), self.digest)
    }
}
