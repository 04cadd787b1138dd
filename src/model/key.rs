//! The installation's key and the subkeys made of it; each purpose has its own, so that no digest can pass for another's.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What a subkey is for; the word is part of its derivation and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Digests of canonical values and of single fields.
    Fingerprint,
    /// The audit chain.
    Audit,
    /// Plans saved to a file.
    SavedPlan,
    /// The check value by which a ledger knows its key again.
    Check,
    /// Digests of stored rows, where a store has no revision of its own.
    Revision,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Self::Fingerprint => "secretferry/1/fingerprint",
            Self::Audit => "secretferry/1/audit",
            Self::SavedPlan => "secretferry/1/saved-plan",
            Self::Check => "secretferry/1/check",
            Self::Revision => "secretferry/1/revision",
        }
    }
}

/// Names the key a digest was made with, without giving anything of it away: eight hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyId(Arc<str>);

impl KeyId {
    /// Takes the text of a stored key id.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// The eight hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The 32 bytes everything is keyed by: the ledger's, or random ones for a run without a ledger.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// Why a text is no key. Says nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 32 bytes in base64 (44 characters), such as `openssl rand -base64 32` prints")]
pub struct MasterKeyError;

impl MasterKey {
    /// Makes a random key.
    pub fn random() -> Self {
        Self(Zeroizing::new(rand::random()))
    }

    /// Parses 32 bytes in standard base64; white space around them is ignored.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| MasterKeyError)?);
        let array: [u8; 32] = bytes.as_slice().try_into().map_err(|_| MasterKeyError)?;
        Ok(Self(Zeroizing::new(array)))
    }

    /// The key as base64, to be written to a key file.
    pub fn encode(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    /// Derives the key for one purpose (HKDF-SHA-256).
    pub fn subkey(&self, purpose: Purpose) -> Subkey {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        let mut id = [0_u8; 4];
        let derive = Hkdf::<Sha256>::new(None, self.0.as_slice());
        derive.expand(purpose.label().as_bytes(), bytes.as_mut_slice()).expect("32 bytes are within HKDF's limit");
        derive.expand(b"secretferry/1/key-id", &mut id).expect("4 bytes are within HKDF's limit");
        Subkey { bytes, id: KeyId(hex(&id).into()) }
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(redacted)")
    }
}

/// The key of one purpose.
#[derive(Clone)]
pub struct Subkey {
    bytes: Zeroizing<[u8; 32]>,
    id: KeyId,
}

impl Subkey {
    /// The id of the master key behind it.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// HMAC-SHA-256 over `parts`, each preceded by its length, so that no two lists of parts look alike.
    pub fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.bytes.as_slice()).expect("HMAC takes a key of any length");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Subkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subkey({}, redacted)", self.id.0)
    }
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
