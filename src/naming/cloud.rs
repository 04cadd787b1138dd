//! Which names the stores of Microsoft and Google take, by their references of "set secret" and `Secret.name`.

use super::aws::characters;
use super::error::NameError;
use crate::model::SecretName;

const KEY_VAULT: &str = "Key Vault";
const SECRET_MANAGER: &str = "Google Secret Manager";

/// Whether a letter can stand in the name of a secret of Key Vault, `^[0-9a-zA-Z-]+$`.
pub fn is_of_key_vault(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '-'
}

/// Whether a letter can stand in the id of a secret of Google's: letters, numerals, `-` and `_`.
pub fn is_of_secret_manager(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')
}

pub(super) fn check_key_vault(name: &SecretName, key: &str) -> Result<(), NameError> {
    characters(name, key, KEY_VAULT, "ASCII letters, digits and -", is_of_key_vault)
}

pub(super) fn check_secret_manager(name: &SecretName, key: &str) -> Result<(), NameError> {
    characters(name, key, SECRET_MANAGER, "ASCII letters, digits, - and _", is_of_secret_manager)
}
