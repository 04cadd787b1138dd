//! The parameters of a PostgreSQL URL, as psycopg, psycopg2 and asyncpg know them.

use std::path::PathBuf;
use std::time::Duration;

use super::address::AddressError;

/// What stands after the `?` of a PostgreSQL URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// How much TLS is asked for.
    pub ssl_mode: Option<SslMode>,
    /// A file of certificate authorities.
    pub ssl_root: Option<Root>,
    /// A file with our certificate.
    pub ssl_certificate: Option<PathBuf>,
    /// A file with its key.
    pub ssl_key: Option<PathBuf>,
    /// Settings of the session, such as `search_path`.
    pub options: Vec<(String, String)>,
    /// What the server shows of us.
    pub application: Option<String>,
    /// How long a login may take.
    pub connect_timeout: Option<Duration>,
    /// The names of those that say nothing to us.
    pub ignored: Vec<String>,
}

/// Which authorities are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// Those that everybody trusts.
    System,
    /// Those of a file.
    File(PathBuf),
}

/// How much TLS is asked for, as libpq words it; from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SslMode {
    /// None.
    Disable,
    /// None, unless the server insists.
    Allow,
    /// If the server has it.
    Prefer,
    /// Always, with whoever answers.
    Require,
    /// Always, with a server whose certificate a trusted authority made.
    VerifyCa,
    /// The same, and the certificate names the host.
    VerifyFull,
}

impl SslMode {
    const ALL: [(&'static str, Self); 6] = [
        ("disable", Self::Disable),
        ("allow", Self::Allow),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-ca", Self::VerifyCa),
        ("verify-full", Self::VerifyFull),
    ];

    /// Parses libpq's word, or asyncpg's, which may have an underscore.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase().replace('_', "-");
        Self::ALL.into_iter().find(|(known, _)| *known == word).map(|(_, mode)| mode)
    }

    /// libpq's word.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].0
    }
}

/// They say how Python's drivers pool, wait or convert, which is not how we do it.
const IGNORED: [&str; 14] = [
    "client_encoding",
    "command_timeout",
    "fallback_application_name",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "max_cached_statement_lifetime",
    "prepared_statement_cache_size",
    "prepared_statement_name_func",
    "statement_cache_size",
    "target_session_attrs",
    "tcp_user_timeout",
];

impl Parameters {
    /// Takes one parameter. One that we cannot honour is refused: it may be there for safety's sake.
    pub fn set(&mut self, name: &str, text: String) -> Result<(), AddressError> {
        match name {
            "sslmode" | "ssl" => self.ssl_mode = Some(mode(name, &text)?),
            "sslrootcert" if text == "system" => self.ssl_root = Some(Root::System),
            "sslrootcert" => self.ssl_root = Some(Root::File(PathBuf::from(text))),
            "sslcert" => self.ssl_certificate = Some(PathBuf::from(text)),
            "sslkey" => self.ssl_key = Some(PathBuf::from(text)),
            "options" => self.options.extend(session_options(&text)?),
            "application_name" => self.application = Some(text),
            "connect_timeout" | "timeout" => self.connect_timeout = seconds(name, &text)?,
            known if IGNORED.contains(&known) => self.ignored.push(name.to_owned()),
            _ => return Err(unknown(name)),
        }
        Ok(())
    }
}

fn mode(name: &str, text: &str) -> Result<SslMode, AddressError> {
    SslMode::parse(text).ok_or_else(|| {
        let words = SslMode::ALL.map(|(word, _)| word).join(", ");
        AddressError::new(
            format!("{name} in the URL of the metastore is none of its words"),
            format!("write one of {words}"),
        )
    })
}

fn seconds(name: &str, text: &str) -> Result<Option<Duration>, AddressError> {
    let wrong = |_| {
        AddressError::new(format!("{name} in the URL of the metastore is no number of seconds"), "write a whole number")
    };
    let seconds: u64 = text.parse().map_err(wrong)?;
    // libpq's way to say "for ever".
    Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
}

fn unknown(name: &str) -> AddressError {
    AddressError::new(
        format!("the parameter {name} of the URL of the metastore is not understood"),
        "leave it out, or make a URL of your own for this store: `url = { env = \"…\" }`",
    )
}

/// Reads `-c name=value`, `-cname=value` and `--name=value` as the server would, backslashes included.
fn session_options(text: &str) -> Result<Vec<(String, String)>, AddressError> {
    let mut words = words(text).into_iter();
    let mut options = Vec::new();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("-c") {
            Some("") => words.next(),
            Some(setting) => Some(setting.to_owned()),
            None => word.strip_prefix("--").map(str::to_owned),
        };
        let pair = setting.as_deref().and_then(|setting| setting.split_once('='));
        let (name, value) = pair.ok_or_else(|| {
            let problem = "options in the URL of the metastore holds something other than -c name=value";
            AddressError::new(problem, "write options=-csearch_path%3Dairflow")
        })?;
        options.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(options)
}

fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, words.last_mut()) {
            ('\\', Some(word)) => word.extend(characters.next()),
            (blank, _) if blank.is_ascii_whitespace() => words.push(String::new()),
            (plain, Some(word)) => word.push(plain),
            (_, None) => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(name: &str, text: &str) -> Parameters {
        let mut parameters = Parameters::default();
        parameters.set(name, text.to_owned()).expect("a good parameter");
        parameters
    }

    #[test]
    fn knows_every_spelling_of_tls() {
        for (place, (word, mode)) in SslMode::ALL.into_iter().enumerate() {
            assert_eq!((mode as usize, mode.as_str()), (place, word));
            assert_eq!(parsed("sslmode", word).ssl_mode, Some(mode));
            assert_eq!(parsed("ssl", &word.replace('-', "_")).ssl_mode, Some(mode));
        }
        assert_eq!(parsed("sslrootcert", "system").ssl_root, Some(Root::System));
        assert_eq!(parsed("sslrootcert", "/ca.crt").ssl_root, Some(Root::File("/ca.crt".into())));
    }

    #[test]
    fn reads_options_as_the_server_does() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for (text, expected) in [
            ("-csearch_path=airflow", vec![pair("search_path", "airflow")]),
            (
                "-c search_path=a,b  --statement-timeout=5s",
                vec![pair("search_path", "a,b"), pair("statement_timeout", "5s")],
            ),
            (r"-c search_path=my\ schema\\", vec![pair("search_path", r"my schema\")]),
        ] {
            assert_eq!(parsed("options", text).options, expected);
        }
    }

    #[test]
    fn names_what_it_ignores() {
        assert_eq!(parsed("prepared_statement_cache_size", "0").ignored, ["prepared_statement_cache_size"]);
        assert_eq!(parsed("connect_timeout", "0").connect_timeout, None);
        assert_eq!(parsed("connect_timeout", "7").connect_timeout, Some(Duration::from_secs(7)));
    }
}
