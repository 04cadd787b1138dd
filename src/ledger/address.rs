//! Where a ledger is: what the `[ledger]` table's URL means.

use std::path::{Path, PathBuf};

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::error::LedgerError;
use crate::reference::TlsSettings;

const SQLITE: &str = "sqlite://";
const POSTGRES: [&str; 2] = ["postgres://", "postgresql://"];

/// The parameters of a PostgreSQL URL that sqlx honours; it would skip any other, and one may be there for safety's sake.
const PARAMETERS: [&str; 9] =
    ["sslmode", "host", "hostaddr", "port", "dbname", "user", "password", "application_name", "options"];

/// The parameters that name TLS files, which we read ourselves: relative ones are taken from the config's folder.
const FILES: [&str; 3] = ["sslrootcert", "sslcert", "sslkey"];

/// A place for a ledger.
#[derive(Debug)]
pub(super) enum Address {
    /// In a file.
    Sqlite(PathBuf),
    /// On a server.
    Postgres(Box<PostgresAddress>),
}

/// A server, without what has to be read from files.
pub(super) struct PostgresAddress {
    options: PgConnectOptions,
    tls: TlsSettings,
}

// The options hold the password.
impl std::fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresAddress").field("tls", &self.tls).finish_non_exhaustive()
    }
}

fn wrong(problem: impl Into<String>) -> LedgerError {
    LedgerError::Setting { setting: "url", problem: problem.into() }
}

impl Address {
    /// Takes a URL apart; relative files are taken from `folder`. The URL is never repeated: it may hold a password.
    pub(super) fn parse(url: &str, tls: &TlsSettings, folder: &Path) -> Result<Self, LedgerError> {
        if POSTGRES.iter().any(|scheme| url.starts_with(scheme)) {
            return PostgresAddress::parse(url, tls, folder).map(|address| Self::Postgres(Box::new(address)));
        }
        match url.strip_prefix(SQLITE) {
            None => Err(wrong("expected sqlite://path or postgres://user@host/database")),
            Some("") => Err(wrong("expected sqlite://path")),
            Some(path) if path.contains('?') => Err(wrong("the path takes no parameters after a question mark")),
            Some(path) => Ok(Self::Sqlite(folder.join(path))),
        }
    }
}

/// Tells whether a URL holds a password, or may hold one: which part of a crooked one is the password, nobody knows.
pub(super) fn may_hold_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let user = rest.rsplit_once('@').map_or("", |(user, _)| user);
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let names = query.split('&').filter_map(|pair| pair.split('=').next());
    user.contains(':') || names.into_iter().any(|name| name == "password" || name.contains('%'))
}

impl PostgresAddress {
    fn parse(url: &str, tls: &TlsSettings, folder: &Path) -> Result<Self, LedgerError> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut tls, mut kept) = (tls.clone(), Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
            let file = match name {
                "sslrootcert" => &mut tls.ca,
                "sslcert" => &mut tls.client_certificate,
                "sslkey" => &mut tls.client_key,
                known if PARAMETERS.contains(&known) => {
                    kept.push(pair);
                    continue;
                }
                _ => return Err(wrong(unknown())),
            };
            file.get_or_insert(PathBuf::from(plain(text)?));
        }
        let mode_is_said = kept.iter().any(|pair| pair.starts_with("sslmode="));
        let understood: Result<PgConnectOptions, _> = format!("{place}?{}", kept.join("&")).parse();
        let options = understood.map_err(|_| wrong("it cannot be understood as postgres://user@host:port/database"))?;
        let tls = tls.relative_to(folder);
        let options = if tls.ca.is_some() { verifying(options, mode_is_said)? } else { options };
        Ok(Self { options, tls })
    }

    /// Reads the TLS files, afresh.
    pub(super) fn options(&self) -> Result<PgConnectOptions, LedgerError> {
        let mut options = self.options.clone().extra_float_digits(None).disable_statement_logging();
        if options.get_application_name().is_none() {
            options = options.application_name("secretferry");
        }
        if let Some(file) = &self.tls.ca {
            options = options.ssl_root_cert_from_pem(pem(file)?);
        }
        match (&self.tls.client_certificate, &self.tls.client_key) {
            (None, None) => Ok(options),
            (Some(certificate), Some(key)) => {
                Ok(options.ssl_client_cert_from_pem(pem(certificate)?).ssl_client_key_from_pem(pem(key)?))
            }
            _ => Err(LedgerError::Setting {
                setting: "tls",
                problem: "a client certificate and its key must be given together".to_owned(),
            }),
        }
    }
}

/// Where an authority is given, the server is verified: in full, unless the URL says less. `require` then means
/// `verify-ca`, as it does in libpq.
fn verifying(options: PgConnectOptions, mode_is_said: bool) -> Result<PgConnectOptions, LedgerError> {
    match options.get_ssl_mode() {
        _ if !mode_is_said => Ok(options.ssl_mode(PgSslMode::VerifyFull)),
        PgSslMode::VerifyCa | PgSslMode::VerifyFull => Ok(options),
        PgSslMode::Require => Ok(options.ssl_mode(PgSslMode::VerifyCa)),
        PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer => {
            Err(wrong("its sslmode verifies nothing, although an authority is given: say verify-full"))
        }
    }
}

fn unknown() -> String {
    let known: Vec<_> = PARAMETERS.iter().chain(&FILES).copied().collect();
    format!("it has a parameter that is not known here; known are {}", known.join(", "))
}

fn plain(text: &str) -> Result<String, LedgerError> {
    let text = percent_encoding::percent_decode_str(text).decode_utf8();
    text.map(String::from).map_err(|_| wrong("it names a TLS file that is not UTF-8 text"))
}

fn pem(file: &Path) -> Result<Vec<u8>, LedgerError> {
    std::fs::read(file)
        .map_err(|cause| LedgerError::Permission { file: file.display().to_string(), cause: cause.to_string() })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn parsed(url: &str, ca: Option<&str>) -> Result<PostgresAddress, LedgerError> {
        let tls = TlsSettings { ca: ca.map(PathBuf::from), ..TlsSettings::default() };
        match Address::parse(url, &tls, Path::new("/etc/secretferry"))? {
            Address::Postgres(address) => Ok(*address),
            Address::Sqlite(file) => unreachable!("{}", file.display()),
        }
    }

    #[test]
    fn a_password_is_seen_wherever_it_stands() {
        for url in [
            "postgres://u:hunter2@h/d",
            "postgres://:hunter2@h/d",
            "postgres://u:hun/ter2@h/d",
            "postgres://u:hunter?2@h/d",
            "postgres://h/d?password=hunter2",
            "postgres://h/d?sslmode=prefer&password=hunter2",
            "postgres://h/d?pass%77ord=hunter2",
        ] {
            assert!(may_hold_password(url), "{url}");
        }
        for url in ["postgres://u@h:5432/d?sslmode=verify-full", "postgres:///d?host=/run/postgresql", "sqlite://a:b"] {
            assert!(!may_hold_password(url), "{url}");
        }
    }

    #[test]
    fn an_authority_is_never_given_in_vain() {
        for (url, ca, expected) in [
            ("postgres://h/d?sslmode=verify-full", None, Some(PgSslMode::VerifyFull)),
            ("postgres://h/d?sslmode=require", None, Some(PgSslMode::Require)),
            ("postgres://h/d", Some("ca.pem"), Some(PgSslMode::VerifyFull)),
            ("postgres://h/d?sslrootcert=ca.pem", None, Some(PgSslMode::VerifyFull)),
            ("postgres://h/d?sslmode=require&sslrootcert=ca.pem", None, Some(PgSslMode::VerifyCa)),
            ("postgres://h/d?sslmode=verify-ca", Some("ca.pem"), Some(PgSslMode::VerifyCa)),
            ("postgres://h/d?sslmode=prefer", Some("ca.pem"), None),
            ("postgres://h/d?sslmode=disable&sslrootcert=ca.pem", None, None),
        ] {
            let mode = parsed(url, ca).map(|address| address.options.get_ssl_mode());
            assert_eq!(mode.is_ok(), expected.is_some(), "{url}");
            if let (Ok(mode), Some(expected)) = (mode, expected) {
                assert_eq!(format!("{mode:?}"), format!("{expected:?}"), "{url}");
            }
        }
    }

    #[test]
    fn tls_files_are_taken_from_the_folder_of_the_config() {
        let address = parsed("postgres://h/d?sslcert=tls%2Fa.pem&sslkey=/abs/a.key", Some("ca.pem")).unwrap();
        let shown = |file: &Option<PathBuf>| file.as_ref().map(|file| file.display().to_string()).unwrap();
        assert_eq!(shown(&address.tls.ca), "/etc/secretferry/ca.pem");
        assert_eq!(shown(&address.tls.client_certificate), "/etc/secretferry/tls/a.pem");
        assert_eq!(shown(&address.tls.client_key), "/abs/a.key");
        let refused = address.options().err().unwrap();
        assert!(refused.to_string().contains("/etc/secretferry/ca.pem"), "{refused}");
    }

    #[test]
    fn what_is_refused_is_not_repeated() {
        for (url, expected) in [
            ("postgres://u:hunter2@h:port/d", "cannot be understood"),
            ("postgres://u:hun/ter2@h/d", "cannot be understood"),
            ("postgres://u:p@h/d?sslmode=hunter2", "cannot be understood"),
            ("postgres://u:p@h/d?hunter2=1", "not known here; known are sslmode"),
            ("postgres://u:p@h/d?sslrootcert=%ff", "not UTF-8"),
        ] {
            let refused = parsed(url, None).err().unwrap().to_string();
            assert!(refused.contains(expected) && !refused.contains("hunter2"), "{url}: {refused}");
        }
        assert!(!format!("{:?}", parsed("postgres://u:hunter2@h/d", None)).contains("hunter2"));
    }
}
