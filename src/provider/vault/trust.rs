//! Whom we trust and who we are over TLS: the pool of connections, made of certificate files that are read again for each login.

use std::path::Path;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Identity};
use zeroize::Zeroizing;

use super::client::Failure;
use crate::model::ErrorKind;
use crate::provider::{Error, Result};
use crate::reference::TlsSettings;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const REDIRECTS: usize = 3;

/// How a pool of connections is made.
#[derive(Debug, Clone)]
pub(super) struct Trust {
    /// The store's name.
    pub store: String,
    /// Whether the address is plain http.
    pub scheme: Scheme,
    /// The certificate files.
    pub tls: TlsSettings,
}

/// What is spoken below HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Nothing.
    Plain,
    /// TLS.
    Tls,
}

impl Trust {
    /// Makes a pool of the files as they are now; connects to nothing yet.
    pub fn pool(&self) -> Result<reqwest::Client> {
        let mut builder = reqwest::ClientBuilder::new()
            .tls_backend_rustls()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(Policy::custom(follow_to_the_active_node));
        // Without TLS the system's authorities need not exist: https://github.com/seanmonstar/reqwest/issues/2988
        builder = match self.scheme {
            Scheme::Plain => builder.tls_certs_only(Vec::new()),
            Scheme::Tls => builder.tls_certs_merge(self.authorities()?),
        };
        if let Some(identity) = self.identity()? {
            builder = builder.identity(identity);
        }
        builder.build().map_err(|error| {
            let context = format!("TLS cannot be set up: {}", Failure::of(&error).text);
            self.refuse(context).with_remedy(
                "check the files under tls, and that the system has certificate authorities (ca-certificates)",
            )
        })
    }

    /// Tells whether a file is involved, which somebody may replace.
    pub fn is_from_files(&self) -> bool {
        self.tls != TlsSettings::default()
    }

    fn authorities(&self) -> Result<Vec<Certificate>> {
        let Some(file) = &self.tls.ca else { return Ok(Vec::new()) };
        Certificate::from_pem_bundle(&self.pem(file)?).map_err(|_| self.no_pem(file))
    }

    fn identity(&self) -> Result<Option<Identity>> {
        let (Some(certificate), Some(key)) = (&self.tls.client_certificate, &self.tls.client_key) else {
            return Ok(None);
        };
        let (certificate, secret) = (self.pem(certificate)?, self.pem(key)?);
        // Joined without growing: a buffer that grows leaves its bytes behind.
        let mut both = Zeroizing::new(Vec::with_capacity(certificate.len() + secret.len() + 1));
        both.extend_from_slice(&certificate);
        both.push(b'\n');
        both.extend_from_slice(&secret);
        Identity::from_pem(&both).map(Some).map_err(|_| self.no_pem(key))
    }

    fn pem(&self, file: &Path) -> Result<Zeroizing<Vec<u8>>> {
        std::fs::read(file).map(Zeroizing::new).map_err(|error| {
            self.refuse(format!("the file {} cannot be read: {error}", file.display()))
                .with_remedy("check the files under tls")
        })
    }

    fn no_pem(&self, file: &Path) -> Error {
        self.refuse(format!("the file {} does not hold what it should, in PEM", file.display()))
            .with_remedy("it must begin with -----BEGIN CERTIFICATE----- or, for the key, -----BEGIN PRIVATE KEY-----")
    }

    fn refuse(&self, context: String) -> Error {
        Error::new(ErrorKind::Invalid, "open", &self.store, context)
    }
}

// A standby without request forwarding sends us to the active node. The token goes along, so never from https to http.
fn follow_to_the_active_node(attempt: reqwest::redirect::Attempt<'_>) -> reqwest::redirect::Action {
    let was_secure = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
    let is_secure = attempt.url().scheme() == "https";
    if attempt.previous().len() > REDIRECTS || (was_secure && !is_secure) { attempt.stop() } else { attempt.follow() }
}
