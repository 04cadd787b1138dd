//! Placeholder until the meaning is merged.
use super::value::SecretValue;
/// Form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /** f */
    Fields,
    /** j */
    Json,
    /** u */
    Uri,
    /** t */
    Text,
}
impl Form {
    /** word */
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fields => "fields",
            Self::Json => "json",
            Self::Uri => "uri",
            Self::Text => "text",
        }
    }
}
/// Connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "placeholder")]
pub struct Connection {
    pub conn_type: Option<SecretValue>,
    pub description: Option<SecretValue>,
    pub host: Option<SecretValue>,
    pub login: Option<SecretValue>,
    pub password: Option<SecretValue>,
    pub schema: Option<SecretValue>,
    pub port: Option<i64>,
    pub extra: Option<SecretValue>,
}
/// Reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reader {
    /** 2 */
    Airflow2,
    /** 3 */
    Airflow3,
    /** w */
    Airflow3Worker,
}
impl Reader {
    /** all */
    pub const ALL: [Self; 3] = [Self::Airflow2, Self::Airflow3, Self::Airflow3Worker];
    /** word */
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Airflow2 => "airflow-2",
            Self::Airflow3 => "airflow-3",
            Self::Airflow3Worker => "airflow-3-worker",
        }
    }
}
/// Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /** c */
    Connection(Connection),
    /** t */
    Text(SecretValue),
}
/// Dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "placeholder")]
pub struct Dialect {
    pub connection: ConnectionDialect,
    pub text: TextDialect,
}
/// Connection dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "placeholder")]
pub enum ConnectionDialect {
    Text,
    VaultMap,
    FileObject,
    FileUri,
    Columns,
}
/// Text dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "placeholder")]
pub enum TextDialect {
    Verbatim,
    ValueKey,
    JsonValue,
    ExportValue,
}
