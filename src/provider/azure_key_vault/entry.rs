//! What a vault can hold: checked before it is sent, for the SDK pastes names into URLs, and Azure would say the rest late.

use super::answer::Tags;
use crate::model::{ErrorKind, Mark, MarkCharset, MarkRule, RemoteKey, SecretValue};
use crate::provider::{Error, Result};

/// The longest value, in bytes: "25k". <https://learn.microsoft.com/azure/key-vault/secrets/about-secrets>
pub(super) const LARGEST: usize = 25_600;
/// The longest name.
pub(super) const LONGEST_NAME: usize = 127;
/// The longest content type, in characters.
pub(super) const LONGEST_CONTENT_TYPE: usize = 255;
/// The most tags of a secret.
const MOST_TAGS: usize = 15;
/// What a tag can hold.
pub(super) const MARKS: MarkRule = MarkRule { max_value: 256, charset: MarkCharset::Any };

/// Refuses a name that Key Vault does not take, or that would be another path of its API.
pub(super) fn check_name(store: &str, operation: &'static str, key: &RemoteKey) -> Result<()> {
    let name = key.as_str();
    let is_legal = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if (1..=LONGEST_NAME).contains(&name.len()) && is_legal(name) {
        return Ok(());
    }
    let context = format!("a name has 1 to {LONGEST_NAME} ASCII letters, digits and hyphens");
    Err(Error::new(ErrorKind::Invalid, operation, store, context)
        .about(key)
        .with_remedy("rename it in the job, or change the prefix"))
}

/// Refuses a value that Key Vault does not take.
pub(super) fn check_value(store: &str, key: &RemoteKey, value: &SecretValue) -> Result<()> {
    if value.expose().len() <= LARGEST {
        return Ok(());
    }
    let context = format!("the value is larger than the {LARGEST} bytes that Key Vault keeps");
    Err(Error::new(ErrorKind::TooLarge, "write", store, context)
        .about(key)
        .with_remedy("shorten it in the source, or exclude it"))
}

/// The tags of a secret with a mark among them, and whatever else is there; `None` where there is no room for it.
pub(super) fn marked(tags: &Tags, mark: &Mark) -> Option<Tags> {
    let mut tags = unmarked(tags);
    tags.extend(mark.pairs(&MARKS));
    (tags.len() <= MOST_TAGS).then_some(tags)
}

/// The tags that belong to others.
pub(super) fn unmarked(tags: &Tags) -> Tags {
    tags.iter().filter(|(key, _)| !Mark::owns_key(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, MarkedName, SecretName};

    #[test]
    fn takes_what_azure_takes_and_not_one_character_more() {
        let rows = [
            ("n".to_owned(), true),
            ("Airflow-connections-9".to_owned(), true),
            ("n".repeat(127), true),
            ("n".repeat(128), false),
            (String::new(), false),
            ("../deletedsecrets".to_owned(), false),
            ("a/b_c".to_owned(), false),
            ("x:destroy".to_owned(), false),
            ("a_b".to_owned(), false),
            ("a b".to_owned(), false),
            ("a%2Fb".to_owned(), false),
            ("a?b".to_owned(), false),
            ("ä".to_owned(), false),
            ("a\n".to_owned(), false),
        ];
        for (name, expected) in rows {
            assert_eq!(check_name("kv", "read", &RemoteKey::new(name.clone())).is_ok(), expected, "{name:?}");
        }
    }

    #[test]
    fn a_value_may_have_25_600_bytes() {
        let rows = [(0, true), (25_600, true), (25_601, false)];
        for (size, expected) in rows {
            let value = SecretValue::new("x".repeat(size));
            let answer = check_value("kv", &RemoteKey::new("n"), &value);
            assert_eq!(answer.is_ok(), expected, "{size}");
        }
        let umlauts = SecretValue::new("ü".repeat(12_801));
        let error = check_value("kv", &RemoteKey::new("n"), &umlauts).err();
        assert_eq!(error.map(|error| error.kind), Some(ErrorKind::TooLarge));
    }

    #[test]
    fn a_mark_takes_the_place_of_another_and_leaves_the_tags_of_others() {
        let mark = |job: &str| Mark {
            ledger: "l".to_owned(),
            job: job.to_owned(),
            name: MarkedName::Whole(SecretName::new(Kind::Variable, "x")),
        };
        let others = |count: usize| (0..count).map(|tag| (format!("tag{tag}"), "v".to_owned())).collect::<Tags>();
        for (count, fits) in [(0, true), (10, true), (11, false), (15, false)] {
            assert_eq!(marked(&others(count), &mark("a")).is_some(), fits, "{count}");
        }
        let first = marked(&others(10), &mark("a")).unwrap_or_default();
        let second = marked(&first, &mark("b")).unwrap_or_default();
        assert_eq!(second.len(), 15);
        assert_eq!(unmarked(&second), others(10));
        let found = Mark::find(second.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        assert_eq!(found, Some(mark("b")));
    }
}
