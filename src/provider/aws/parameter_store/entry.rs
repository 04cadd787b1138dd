//! What a value may be, checked before any call: AWS would say the same, only later and in more than one way.

use super::tier::Tier;
use crate::model::{ErrorKind, RemoteKey, SecretValue, has_double_braces};
use crate::provider::{Error, Result};

/// Refuses what no parameter of the tier can hold.
pub(super) fn check(store: &str, key: &RemoteKey, value: &SecretValue, tier: Tier) -> Result<()> {
    let refuse = |kind, context: String| Error::new(kind, "write", store, context).about(key);
    let text = value.expose();
    if text.is_empty() {
        return Err(refuse(ErrorKind::Invalid, "Parameter Store takes no empty value".to_owned()));
    }
    let limit = tier.largest();
    if text.len() > limit {
        let error = refuse(ErrorKind::TooLarge, format!("{} takes at most {limit} bytes", tier.explained()));
        return Err(match tier {
            Tier::Standard => {
                error.with_remedy("set tier = \"intelligent\" for this store: larger values then cost money")
            }
            Tier::Advanced | Tier::Intelligent => error,
        });
    }
    if has_double_braces(text) {
        let context = "AWS refuses values with {{…}}: it takes them for references to other parameters";
        return Err(refuse(ErrorKind::Invalid, context.to_owned()).with_remedy("keep this one in another store"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str, tier: Tier) -> Option<ErrorKind> {
        check("ssm", &RemoteKey::new("/a/b"), &SecretValue::from(text), tier).err().map(|error| error.kind)
    }

    #[test]
    fn a_tier_takes_its_bytes_and_not_one_more() {
        for (tier, limit) in [(Tier::Standard, 4096), (Tier::Advanced, 8192), (Tier::Intelligent, 8192)] {
            assert_eq!(refusal(&"x".repeat(limit), tier), None);
            assert_eq!(refusal(&"x".repeat(limit + 1), tier), Some(ErrorKind::TooLarge));
            // Two bytes each.
            assert_eq!(refusal(&"ü".repeat(limit / 2), tier), None);
            assert_eq!(refusal(&"ü".repeat(limit / 2 + 1), tier), Some(ErrorKind::TooLarge));
        }
    }

    #[test]
    fn empty_texts_and_references_are_refused() {
        assert_eq!(refusal("", Tier::Advanced), Some(ErrorKind::Invalid));
        for text in ["{{ ds }}", "a {{ssm:b}} c", "{{}}", r#"{"extra": {"sql": "{{ params.x }}"}}"#] {
            assert_eq!(refusal(text, Tier::Standard), Some(ErrorKind::Invalid), "{text}");
        }
        for text in [r#"{"extra": {"a": {"b": 1}}}"#, "{{", "}}", "}} {{", "{ {x} }", "${HOME} %s"] {
            assert_eq!(refusal(text, Tier::Standard), None, "{text}");
        }
    }
}
