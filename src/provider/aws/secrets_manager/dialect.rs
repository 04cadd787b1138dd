//! How Airflow's `SecretsManagerBackend` reads what is stored, as the table configures it.

use super::settings::{LegacySetting, SecretsManagerSettings};
use crate::model::{Aliases, ConnectionDialect, Dialect, Field, OldForm, TextDialect};

/// The fields that can have further words, as Airflow's backend names them.
const WORDED: [(&str, Field); 8] = [
    ("login", Field::Login),
    ("user", Field::Login),
    ("password", Field::Password),
    ("host", Field::Host),
    ("port", Field::Port),
    ("schema", Field::Schema),
    ("conn_type", Field::ConnType),
    ("extra", Field::Extra),
];

/// The dialect of a table.
pub(super) fn of(settings: &SecretsManagerSettings) -> Dialect {
    let aliases = aliases(settings);
    let connection = match settings.legacy {
        None => ConnectionDialect::SecretsManager(aliases),
        Some(legacy) => ConnectionDialect::OldSecretsManager(form(legacy), aliases),
    };
    Dialect { connection, text: TextDialect::Verbatim }
}

/// The words of a table, by field.
pub(super) fn aliases(settings: &SecretsManagerSettings) -> Aliases {
    let words = settings.extra_conn_words.iter();
    let mut by_field: Vec<(Field, Vec<String>)> = Vec::new();
    for (field, words) in words.filter_map(|(name, words)| Some((field(name)?, words))) {
        match by_field.iter_mut().find(|(known, _)| *known == field) {
            Some((_, known)) => known.extend(words.iter().cloned()),
            None => by_field.push((field, words.clone())),
        }
    }
    Aliases::with(by_field)
}

/// The field that Airflow's backend means by a name; `None` for any other name.
pub(super) fn field(name: &str) -> Option<Field> {
    WORDED.iter().find(|(word, _)| *word == name).map(|(_, field)| *field)
}

/// The names of fields that can have words.
pub(super) fn fields() -> String {
    WORDED.map(|(word, _)| word).join(", ")
}

const fn form(legacy: LegacySetting) -> OldForm {
    match legacy {
        LegacySetting::FullUrl => OldForm::FullUrl,
        LegacySetting::Split => OldForm::Split,
        LegacySetting::UrlEncoded => OldForm::UrlEncoded,
    }
}
