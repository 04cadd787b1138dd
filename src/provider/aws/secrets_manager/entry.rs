//! What a secret can hold: checked before it is sent, for AWS would say it late or, of a value, in no words of ours.

use crate::model::{ErrorKind, RemoteKey, SecretValue};
use crate::naming::aws::is_of_a_secret;
use crate::provider::{Entry, Error, Result};

/// The longest value, in bytes.
pub(super) const LARGEST: usize = 65_536;
/// The longest name, in bytes.
pub(super) const LONGEST_NAME: usize = 512;
/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 2_048;

/// Refuses a name or a value that Secrets Manager does not take.
pub(super) fn check(store: &str, key: &RemoteKey, value: &SecretValue) -> Result<()> {
    let refuse = |kind, context: String, remedy: &str| {
        Err(Error::new(kind, "write", store, context).about(key).with_remedy(remedy))
    };
    let (name, size) = (key.as_str(), value.expose().len());
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_of_a_secret) {
        let context = format!("a name has 1 to {LONGEST_NAME} ASCII letters, digits and /_+=.@-");
        return refuse(ErrorKind::Invalid, context, "rename it in the job, or change the prefix");
    }
    if size == 0 {
        let context = "Secrets Manager keeps no empty value".to_owned();
        return refuse(ErrorKind::Invalid, context, "give it a value in the source, or exclude it");
    }
    if size > LARGEST {
        let context = format!("the value is larger than the {LARGEST} bytes that Secrets Manager keeps");
        return refuse(ErrorKind::TooLarge, context, "shorten it in the source, or exclude it");
    }
    Ok(())
}

/// The description to keep beside the value; one that AWS would not take whole is left out.
pub(super) fn description(entry: &Entry) -> Option<&str> {
    let text = entry.description.as_ref()?.expose();
    (!text.is_empty() && text.chars().count() <= LONGEST_DESCRIPTION).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;
    use crate::provider::RequestToken;

    #[test]
    fn takes_what_aws_takes_and_not_one_byte_more() {
        let rows: [(String, String, Option<ErrorKind>); 9] = [
            ("n".into(), "x".into(), None),
            ("n".into(), String::new(), Some(ErrorKind::Invalid)),
            ("n".into(), "x".repeat(65_536), None),
            ("n".into(), "x".repeat(65_537), Some(ErrorKind::TooLarge)),
            ("n".into(), format!("{}x", "ü".repeat(32_768)), Some(ErrorKind::TooLarge)),
            ("n".repeat(512), "x".into(), None),
            ("n".repeat(513), "x".into(), Some(ErrorKind::Invalid)),
            ("/A_b+c=d.e@f-9".into(), "x".into(), None),
            ("with space".into(), "x".into(), Some(ErrorKind::Invalid)),
        ];
        for (name, value, expected) in rows {
            let answer = check("sm", &RemoteKey::new(name.clone()), &SecretValue::new(value));
            assert_eq!(answer.err().map(|error| error.kind), expected, "{name:.20}");
        }
    }

    #[test]
    fn a_description_is_kept_whole_or_not_at_all() {
        let rows = [(0, false), (1, true), (2_048, true), (2_049, false)];
        for (length, kept) in rows {
            let entry = Entry {
                kind: Kind::Connection,
                value: "x".into(),
                mark: None,
                description: Some(SecretValue::new("ü".repeat(length))),
                token: RequestToken("t".into()),
            };
            assert_eq!(description(&entry).is_some(), kept, "{length}");
        }
    }
}
