//! Which names the stores of AWS take, by the API references of `CreateSecret` and `PutParameter`.

use super::error::NameError;
use crate::model::SecretName;

const SECRETS_MANAGER: &str = "Secrets Manager";
const PARAMETER_STORE: &str = "Parameter Store";
/// The most levels of a parameter's name.
pub const MAX_LEVELS: usize = 15;
/// How no parameter's name may begin, in any case.
const RESERVED: [&str; 2] = ["aws", "ssm"];

/// Whether a letter can stand in a secret's name.
pub fn is_of_a_secret(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "/_+=.@-".contains(letter)
}

/// Whether a letter can stand in a parameter's name.
pub fn is_of_a_parameter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_.-/".contains(letter)
}

/// The levels of a parameter's name; the slash in front begins none.
pub fn levels(name: &str) -> impl Iterator<Item = &str> {
    name.strip_prefix('/').unwrap_or(name).split('/')
}

/// How a parameter's name begins that only AWS may give.
pub fn reserved(name: &str) -> Option<&'static str> {
    let first = levels(name).next().unwrap_or_default();
    let begins = |word: &&str| first.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    RESERVED.into_iter().find(begins)
}

/// `CreateSecret`: "ASCII letters, numbers, and the following characters: /_+=.@-".
pub(super) fn check_secret(name: &SecretName, key: &str) -> Result<(), NameError> {
    characters(name, key, SECRETS_MANAGER, "ASCII letters, digits and /_+=.@-", is_of_a_secret)
}

/// `PutParameter`: letters, digits and `.-_` in up to fifteen levels between slashes, none of them empty.
pub(super) fn check_parameter(name: &SecretName, key: &str) -> Result<(), NameError> {
    let store = PARAMETER_STORE;
    characters(name, key, store, "ASCII letters, digits and _.-/", is_of_a_parameter)?;
    if levels(key).any(str::is_empty) {
        return Err(NameError::EmptyLevel { name: name.clone(), key: key.to_owned(), store });
    }
    let levels = levels(key).count();
    if levels > MAX_LEVELS {
        return Err(NameError::TooDeep { name: name.clone(), store, levels, limit: MAX_LEVELS });
    }
    match reserved(key) {
        Some(word) => Err(NameError::Reserved { name: name.clone(), store, word }),
        None => Ok(()),
    }
}

pub(super) fn characters(
    name: &SecretName,
    key: &str,
    store: &'static str,
    allowed: &'static str,
    is_taken: impl Fn(char) -> bool,
) -> Result<(), NameError> {
    match key.chars().find(|letter| !is_taken(*letter)) {
        Some(found) => Err(NameError::Character { name: name.clone(), store, allowed, found }),
        None => Ok(()),
    }
}
