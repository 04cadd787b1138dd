//! Whom we trust over TLS, and which proxy is asked: the one pool of connections of a store, to the vault and to Entra ID.

use std::path::Path;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder};

use crate::model::ErrorKind;
use crate::provider::{Error, Result};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes the pool, with the proxy of the environment (`HTTPS_PROXY`, `NO_PROXY`); how long an answer takes is bounded
/// where every request goes through.
pub(super) fn pool(store: &str, ca: Option<&Path>) -> Result<Client> {
    let authorities = ca.map(|file| authorities(store, file)).transpose()?.unwrap_or_default();
    let builder = ClientBuilder::new()
        .tls_backend_rustls()
        .tls_certs_merge(authorities)
        .connect_timeout(CONNECT_TIMEOUT)
        // Key Vault sends nobody elsewhere, and a token must not go along.
        .redirect(Policy::none());
    builder.build().map_err(|_| refuse(store, "TLS cannot be set up".to_owned()))
}

fn authorities(store: &str, file: &Path) -> Result<Vec<Certificate>> {
    let pem = std::fs::read(file)
        .map_err(|error| refuse(store, format!("the file {} cannot be read: {error}", file.display())))?;
    let found = Certificate::from_pem_bundle(&pem).unwrap_or_default();
    if found.is_empty() {
        return Err(refuse(store, format!("the file {} holds no certificates in PEM", file.display())));
    }
    Ok(found)
}

fn refuse(store: &str, context: String) -> Error {
    Error::new(ErrorKind::Invalid, "open", store, context)
        .of_the_store()
        .with_remedy("set tls.ca to a file that begins with -----BEGIN CERTIFICATE-----")
}
