//! How Airflow's `SecretsManagerBackend` reads what is stored, as the table configures it.

use super::settings::{LegacySetting, SecretsManagerSettings};
use crate::model::{Aliases, ConnectionDialect, Dialect, OldForm, TextDialect};

/// The fields that can have further words, as Airflow's backend names them.
pub(super) const FIELDS: &str = "login, user, password, host, port, schema, conn_type, extra";

/// The dialect of a table.
pub(super) fn of(settings: &SecretsManagerSettings) -> Dialect {
    let aliases = aliases(settings);
    let connection = match settings.legacy {
        None => ConnectionDialect::SecretsManager(aliases),
        Some(legacy) => ConnectionDialect::OldSecretsManager(form(legacy), aliases),
    };
    Dialect { connection, text: TextDialect::Verbatim }
}

/// The words of a table.
pub(super) fn aliases(settings: &SecretsManagerSettings) -> Aliases {
    let words = settings.extra_conn_words.iter();
    Aliases::with(words.filter_map(|(name, words)| Some((Aliases::field(name)?, words.clone()))))
}

const fn form(legacy: LegacySetting) -> OldForm {
    match legacy {
        LegacySetting::FullUrl => OldForm::FullUrl,
        LegacySetting::Split => OldForm::Split,
        LegacySetting::UrlEncoded => OldForm::UrlEncoded,
    }
}
