//! What we store, form by form.

use crate::model::python::{Object, Text, Value, dumps};
use crate::model::{
    Connection, Field, Form, Kind, ReadError, Reader, Requirement, Secret, SecretValue, SeenConnection,
};

use super::{ConnectionDialect, Dialect, TextDialect};

/// Why a secret is not written in a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RenderFault {
    /// The store does not carry this form.
    #[error("this store carries no secret of this kind as {0}")]
    NotCarried(Form),
    /// The connection has no URI.
    #[error("the connection has no URI: {0}")]
    NoUri(ReadError),
}

impl Dialect {
    /// The forms the store carries a secret of a kind in, the preferred one first; empty if it is only a source.
    pub const fn forms(&self, kind: Kind) -> &'static [Form] {
        match (kind, &self.connection, self.text) {
            (Kind::Connection, ConnectionDialect::Text | ConnectionDialect::SecretsManager(_), _) => {
                &[Form::Json, Form::Uri]
            }
            (Kind::Connection, ConnectionDialect::OldSecretsManager(..), _) => &[],
            (Kind::Connection, ConnectionDialect::VaultMap, _) => &[Form::Fields, Form::Uri, Form::Json],
            (Kind::Connection, ConnectionDialect::FileObject, _) => &[Form::Json, Form::Fields, Form::Uri],
            (Kind::Connection, ConnectionDialect::FileUri, _) => &[Form::Uri],
            (Kind::Connection, ConnectionDialect::Columns, _) => &[Form::Fields],
            (_, _, TextDialect::ExportValue) => &[],
            (Kind::Variable | Kind::Config, _, _) => &[Form::Text],
        }
    }

    /// What Airflow needs to read connections in a form, beyond what the store's backend always took.
    pub const fn needs(&self, form: Form) -> Option<Requirement> {
        match (&self.connection, form) {
            (ConnectionDialect::VaultMap, Form::Json) => {
                Some(Requirement::of_vault((4, 7, 2), "connections as JSON in conn_uri"))
            }
            _ => None,
        }
    }

    /// Renders the text to store. It says nothing about who can read it: that is [`judge`](super::judge).
    pub fn render(&self, secret: &Secret, form: Form) -> Result<SecretValue, RenderFault> {
        let kind = match secret {
            Secret::Connection(_) => Kind::Connection,
            Secret::Text(_) => Kind::Variable,
        };
        if !self.forms(kind).contains(&form) {
            return Err(RenderFault::NotCarried(form));
        }
        match secret {
            Secret::Text(text) => Ok(self.render_text(text)),
            Secret::Connection(connection) if form == Form::Uri => self.render_uri(connection),
            Secret::Connection(connection) => Ok(self.render_object(connection, form)),
        }
    }

    fn render_text(&self, text: &SecretValue) -> SecretValue {
        match self.text {
            TextDialect::Verbatim | TextDialect::FileLine | TextDialect::Variable | TextDialect::VariableLine => {
                text.clone()
            }
            TextDialect::ValueKey => json(&single("value", Text::from(text))),
            TextDialect::JsonValue | TextDialect::ExportValue => json(&Value::Text(Text::from(text))),
        }
    }

    /// As our own JSON everywhere: nulls left out, and `extra` a string, which alone keeps its text.
    fn render_object(&self, connection: &Connection, form: Form) -> SecretValue {
        let mut object = connection.to_object();
        if matches!(self.connection, ConnectionDialect::SecretsManager(_)) {
            // A key that this store's backend drops.
            object.take(Field::Description.as_str());
        }
        let object = Value::Object(object);
        match (&self.connection, form) {
            (ConnectionDialect::VaultMap, Form::Json) => json(&single("conn_uri", dumps(&object))),
            _ => json(&object),
        }
    }

    fn render_uri(&self, connection: &Connection) -> Result<SecretValue, RenderFault> {
        // As a worker writes it: Airflow 2 writes a host protocol equal to the type so that nobody can read it, and
        // the server of Airflow 3 refuses an extra that Airflow 2 would read.
        let uri = SeenConnection::of(connection).uri(Reader::Airflow3Worker).map_err(RenderFault::NoUri)?;
        Ok(match &self.connection {
            ConnectionDialect::VaultMap => json(&single("conn_uri", uri)),
            ConnectionDialect::FileObject => json(&Value::Text(uri)),
            _ => uri.to_secret().expect("it is made of texts without lone surrogates"),
        })
    }
}

fn single(key: &str, text: Text) -> Value {
    let mut map = Object::default();
    map.set(key, Value::Text(text));
    Value::Object(map)
}

fn json(value: &Value) -> SecretValue {
    dumps(value).to_secret().expect("JSON is ASCII")
}
