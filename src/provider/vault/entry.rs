//! What an entry may be: a JSON object, within what Vault's storage takes.

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::model::{ErrorKind, RemoteKey, SecretValue};
use crate::provider::{Error, Result};

/// The largest text of an entry, in bytes: integrated storage takes 1 MiB an entry, the engine's own wrapping included.
pub(super) const LARGEST: usize = 1024 * 1024 - 4 * 1024;

/// Refuses what is no JSON object, and what is too large.
pub(super) fn check(store: &str, key: &RemoteKey, value: &SecretValue) -> Result<()> {
    let text = value.expose();
    let refuse = |kind, context: &str| Err(Error::new(kind, "write", store, context).about(key));
    if text.len() > LARGEST {
        return refuse(ErrorKind::TooLarge, "Vault's integrated storage takes 1 MiB an entry");
    }
    let is_json = serde_json::from_str::<&RawValue>(text).is_ok();
    if !is_json || !text.trim_start().starts_with('{') {
        return refuse(ErrorKind::Invalid, "a Vault entry is a JSON object, and this text is none");
    }
    Ok(())
}

/// The body of a KV v2 write that succeeds only over version `cas`; 0 is no version at all.
pub(super) fn versioned(value: &str, cas: u64) -> Zeroizing<String> {
    Zeroizing::new(format!(r#"{{"options":{{"cas":{cas}}},"data":{value}}}"#))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_of_a_fitting_size_pass() {
        let large = format!(r#"{{"value":"{}"}}"#, "x".repeat(LARGEST));
        let rows = [
            ("{}", None),
            (" {\"value\": \"\"}", None),
            ("[]", Some(ErrorKind::Invalid)),
            ("\"text\"", Some(ErrorKind::Invalid)),
            ("{", Some(ErrorKind::Invalid)),
            ("{} {}", Some(ErrorKind::Invalid)),
            ("{\"options\":1},\"data\":{}", Some(ErrorKind::Invalid)),
            ("", Some(ErrorKind::Invalid)),
            (large.as_str(), Some(ErrorKind::TooLarge)),
        ];
        for (text, expected) in rows {
            let answer = check("vault", &RemoteKey::new("k"), &SecretValue::from(text));
            assert_eq!(answer.err().map(|error| error.kind), expected, "{:.40}", text);
        }
    }
}
