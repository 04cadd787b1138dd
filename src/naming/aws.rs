//! Which names the stores of AWS take, by the API references of `CreateSecret` and `PutParameter`.

use super::error::NameError;
use crate::model::SecretName;

const SECRETS_MANAGER: &str = "Secrets Manager";
const PARAMETER_STORE: &str = "Parameter Store";
/// The most levels of a parameter's name.
const MAX_LEVELS: usize = 15;
/// How no parameter's name may begin, in any case.
const RESERVED: [&str; 2] = ["aws", "ssm"];

/// `CreateSecret`: "ASCII letters, numbers, and the following characters: /_+=.@-".
pub(super) fn check_secret(name: &SecretName, key: &str) -> Result<(), NameError> {
    let is_taken = |letter: char| letter.is_ascii_alphanumeric() || "/_+=.@-".contains(letter);
    characters(name, key, SECRETS_MANAGER, "ASCII letters, digits and /_+=.@-", is_taken)
}

/// `PutParameter`: letters, digits and `.-_` in up to fifteen levels between slashes, none of them empty.
pub(super) fn check_parameter(name: &SecretName, key: &str) -> Result<(), NameError> {
    let store = PARAMETER_STORE;
    let is_taken = |letter: char| letter.is_ascii_alphanumeric() || "_.-/".contains(letter);
    characters(name, key, store, "ASCII letters, digits and _.-/", is_taken)?;
    let levels: Vec<&str> = key.strip_prefix('/').unwrap_or(key).split('/').collect();
    if levels.contains(&"") {
        return Err(NameError::EmptyLevel { name: name.clone(), key: key.to_owned(), store });
    }
    if levels.len() > MAX_LEVELS {
        return Err(NameError::TooDeep { name: name.clone(), store, levels: levels.len(), limit: MAX_LEVELS });
    }
    let begins = |word: &&&str| levels[0].get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    match RESERVED.iter().find(begins) {
        Some(word) => Err(NameError::Reserved { name: name.clone(), store, word }),
        None => Ok(()),
    }
}

fn characters(
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
