//! What a secret can hold and be called: checked before anything is sent, for the SDK pastes names into the URL as they are.

use crate::model::{ErrorKind, RemoteKey, SecretValue};
use crate::naming::cloud::is_of_secret_manager;
use crate::provider::{Error, Result};

/// The longest value, in bytes. <https://cloud.google.com/secret-manager/quotas>
pub(super) const LARGEST: usize = 65_536;
/// The longest name, in bytes.
pub(super) const LONGEST_NAME: usize = 255;

/// Gives a name that can stand in a URL; any other would ask for something else than a secret.
pub(super) fn name<'a>(operation: &'static str, store: &str, key: &'a RemoteKey) -> Result<&'a str> {
    let name = key.as_str();
    if !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(is_of_secret_manager) {
        return Ok(name);
    }
    let context = format!("a name has 1 to {LONGEST_NAME} ASCII letters, digits, - and _");
    let refusal = Error::new(ErrorKind::Invalid, operation, store, context).about(key);
    Err(refusal.with_remedy("rename it in the job, or change the prefix"))
}

/// Refuses a name or a value that Secret Manager does not take.
pub(super) fn check(store: &str, key: &RemoteKey, value: &SecretValue) -> Result<()> {
    name("write", store, key)?;
    let refuse =
        |kind, context: String, remedy| Err(Error::new(kind, "write", store, context).about(key).with_remedy(remedy));
    match value.expose().len() {
        // It answers `Field [payload] is required`.
        0 => {
            let context = "Secret Manager keeps no empty value".to_owned();
            refuse(ErrorKind::Invalid, context, "give it a value in the source, or exclude it")
        }
        size if size > LARGEST => {
            let context = format!("the value is larger than the {LARGEST} bytes that Secret Manager keeps");
            refuse(ErrorKind::TooLarge, context, "shorten it in the source, or exclude it")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_google_takes_and_not_one_byte_more() {
        let rows: [(String, String, Option<ErrorKind>); 14] = [
            ("n".into(), "x".into(), None),
            ("n".into(), String::new(), Some(ErrorKind::Invalid)),
            ("n".into(), "x".repeat(65_536), None),
            ("n".into(), "x".repeat(65_537), Some(ErrorKind::TooLarge)),
            ("n".into(), format!("{}x", "ü".repeat(32_768)), Some(ErrorKind::TooLarge)),
            ("n".repeat(255), "x".into(), None),
            ("n".repeat(256), "x".into(), Some(ErrorKind::Invalid)),
            ("-A_b-9".into(), "x".into(), None),
            (String::new(), "x".into(), Some(ErrorKind::Invalid)),
            ("..".into(), "x".into(), Some(ErrorKind::Invalid)),
            (".".into(), "x".into(), Some(ErrorKind::Invalid)),
            ("a%2Fb".into(), "x".into(), Some(ErrorKind::Invalid)),
            ("x:access".into(), "x".into(), Some(ErrorKind::Invalid)),
            ("a/b".into(), "x".into(), Some(ErrorKind::Invalid)),
        ];
        for (name, value, expected) in rows {
            let answer = check("gcp", &RemoteKey::new(name.clone()), &SecretValue::new(value));
            assert_eq!(answer.err().map(|error| error.kind), expected, "{name:.20}");
        }
    }
}
