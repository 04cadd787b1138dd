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

/// Refuses numbers that KV v2 gives back as others: it keeps them as 64-bit floats and spells whole ones without a point,
/// so large integers are rounded, and `1.0` comes back as `1`, which Python tells apart.
pub(super) fn check_numbers(store: &str, key: &RemoteKey, value: &SecretValue) -> Result<()> {
    if numbers(value.expose()).all(survives) {
        return Ok(());
    }
    let context = "KV v2 would change a number of this entry: a large integer, or a whole one written with a point";
    Err(Error::new(ErrorKind::Invalid, "write", store, context).about(key).with_remedy("write it as text, in quotes"))
}

/// The largest integer below which a float skips none.
const EXACT: i64 = 1 << 53;
/// From here on Vault writes whole floats with an exponent, and they stay floats.
const EXPONENT: f64 = 1e21;

fn survives(number: &str) -> bool {
    if number.contains(['.', 'e', 'E']) {
        return number.parse::<f64>().is_ok_and(|float| float.fract() != 0.0 || float.abs() >= EXPONENT);
    }
    number.parse::<i64>().is_ok_and(|integer| (-EXACT..=EXACT).contains(&integer))
}

/// The number tokens of a JSON text: what stands outside of strings and starts with a digit or a minus.
fn numbers(json: &str) -> impl Iterator<Item = &str> {
    outside_strings(json)
        .flat_map(|part| part.split([',', ':', '[', ']', '{', '}', ' ', '\t', '\n', '\r']))
        .filter(|token| token.starts_with(|first: char| first == '-' || first.is_ascii_digit()))
}

fn outside_strings(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(json);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some((part, string)) = text.split_once('"') else { return rest.take() };
        rest = Some(after_string(string));
        Some(part)
    })
}

// What follows the closing quote of a string whose opening one is gone.
fn after_string(text: &str) -> &str {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return &text[index + 1..],
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    ""
}

/// The body of a KV v2 write that succeeds only over version `cas`; 0 is no version at all.
pub(super) fn versioned(value: &str, cas: u64) -> Zeroizing<String> {
    Zeroizing::new(format!(r#"{{"options":{{"cas":{cas}}},"data":{value}}}"#))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_outside_of_strings_only() {
        let json = r#"{"a 1":-1,"b\"2":[3.5, {"c\\":1e9}],"d":"4","e":null,"f" :
            5}"#;
        assert_eq!(numbers(json).collect::<Vec<_>>(), ["-1", "3.5", "1e9", "5"]);
        assert_eq!(numbers(r#"{"value":"99999999999999999999"}"#).count(), 0);
    }

    #[test]
    fn a_number_survives_a_float_or_is_refused() {
        let fine =
            ["0", "-0", "5432", "9007199254740992", "-9007199254740992", "0.1", "1e-7", "1.5e300", "1e21", "1E+30"];
        assert!(fine.iter().all(|number| survives(number)), "{fine:?}");
        let changed = ["9007199254740993", "123456789012345678901234567890", "1.0", "1E5", "1e20", "-2.00", "0.0"];
        assert!(!changed.iter().any(|number| survives(number)), "{changed:?}");
    }

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
