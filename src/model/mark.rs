//! Mark v1: who owns a key, kept in the store beside it and constant for the key's life.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::key::hex;
use super::name::SecretName;

const MANAGED_BY: &str = "managed-by";
const SECRETFERRY: &str = "secretferry";
const VERSION: &str = "secretferry-mark";
const LEDGER: &str = "secretferry-ledger";
const JOB: &str = "secretferry-job";
const ID: &str = "secretferry-id";
const ID_BASE64: &str = "secretferry-id-b64";
const ID_DIGEST: &str = "secretferry-id-sha256";

/// Who wrote a key: an installation, one of its jobs, and for which name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The ledger's id, a UUID.
    pub ledger: String,
    /// The job's name in the config.
    pub job: String,
    /// The name the key was made of.
    pub name: MarkedName,
}

/// The original name, or its digest where it did not fit the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkedName {
    /// The name itself.
    Whole(SecretName),
    /// SHA-256 of the bound name, in hex.
    Digest(String),
}

impl MarkedName {
    /// Tells whether the mark was made for `name`.
    pub fn is(&self, name: &SecretName) -> bool {
        match self {
            Self::Whole(own) => own == name,
            Self::Digest(own) => *own == digest(name),
        }
    }
}

/// What a store's tags or metadata can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkRule {
    /// The longest value, in bytes.
    pub max_value: usize,
    /// Characters a value may hold.
    pub charset: MarkCharset,
}

/// Characters a tag's value may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkCharset {
    /// Any text.
    Any,
    /// ASCII letters, digits and `_.:/=+-@ `: what AWS tags take for certain.
    AwsTag,
}

impl MarkCharset {
    fn holds(self, text: &str) -> bool {
        match self {
            Self::Any => !text.chars().any(char::is_control),
            Self::AwsTag => text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:/=+-@ ".contains(&byte)),
        }
    }
}

impl Mark {
    /// Spells the mark as key-value pairs under a store's rule.
    pub fn pairs(&self, rule: &MarkRule) -> Vec<(String, String)> {
        let own = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let mut pairs = vec![
            own(MANAGED_BY, SECRETFERRY),
            own(VERSION, "1"),
            own(LEDGER, &self.ledger),
            own(JOB, &fitted(&self.job, rule)),
        ];
        pairs.push(match &self.name {
            MarkedName::Whole(name) => spell(name, rule),
            MarkedName::Digest(digest) => own(ID_DIGEST, digest),
        });
        pairs
    }

    /// Finds a mark among pairs; `None` where there is none, or one of a version that we do not know.
    pub fn find<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let (mut ours, mut version, mut ledger, mut job, mut name) = (false, false, None, None, None);
        for (key, value) in pairs {
            match key {
                MANAGED_BY => ours = value == SECRETFERRY,
                VERSION => version = value == "1",
                LEDGER => ledger = Some(value.to_owned()),
                JOB => job = Some(value.to_owned()),
                ID => name = SecretName::from_bound(value).map(MarkedName::Whole),
                ID_BASE64 => name = decoded(value).map(MarkedName::Whole),
                ID_DIGEST => name = Some(MarkedName::Digest(value.to_owned())),
                _ => {}
            }
        }
        let mark = Self { ledger: ledger?, job: job?, name: name? };
        (ours && version).then_some(mark)
    }

    /// The keys a mark may use; all others belong to somebody else and are kept.
    pub fn owns_key(key: &str) -> bool {
        matches!(key, MANAGED_BY | VERSION | LEDGER | JOB | ID | ID_BASE64 | ID_DIGEST)
    }
}

fn spell(name: &SecretName, rule: &MarkRule) -> (String, String) {
    let bound = name.bound();
    if rule.charset.holds(&bound) && bound.len() <= rule.max_value {
        return (ID.to_owned(), bound);
    }
    let encoded = URL_SAFE_NO_PAD.encode(&bound);
    if encoded.len() <= rule.max_value {
        return (ID_BASE64.to_owned(), encoded);
    }
    (ID_DIGEST.to_owned(), digest(name))
}

fn fitted(job: &str, rule: &MarkRule) -> String {
    if rule.charset.holds(job) && job.len() <= rule.max_value {
        job.to_owned()
    } else {
        hex(&Sha256::digest(job.as_bytes()))
    }
}

fn decoded(text: &str) -> Option<SecretName> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    SecretName::from_bound(&String::from_utf8(bytes).ok()?)
}

fn digest(name: &SecretName) -> String {
    hex(&Sha256::digest(name.bound().as_bytes()))
}
