//! Whom we trust over TLS, and which proxy is asked: the SDK's way to the network.

use std::path::Path;

use aws_sdk_sts::config::SharedHttpClient;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::model::ErrorKind;
use crate::provider::{Error, Result};

/// Makes the pool of connections, with the proxy of the environment (`HTTPS_PROXY`, `NO_PROXY`).
pub(super) fn pool(store: &str, ca: Option<&Path>) -> Result<SharedHttpClient> {
    let mut trusted = TrustStore::default();
    if let Some(file) = ca {
        trusted.add_pem_certificate(authorities(store, file)?);
    }
    let context = TlsContext::builder().with_trust_store(trusted).build();
    let context = context.map_err(|_| refuse(store, "TLS cannot be set up".to_owned()))?;
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder().proxy_config(ProxyConfig::from_env());
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(context.clone()).build()
    }))
}

// Checked here because the SDK panics over a certificate that it cannot read.
fn authorities(store: &str, file: &Path) -> Result<Vec<u8>> {
    let pem = std::fs::read(file)
        .map_err(|error| refuse(store, format!("the file {} cannot be read: {error}", file.display())))?;
    let mut roots = RootCertStore::empty();
    let certificates: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let are_sound = certificates.is_ok_and(|certificates| {
        !certificates.is_empty() && certificates.into_iter().all(|certificate| roots.add(certificate).is_ok())
    });
    if are_sound {
        Ok(pem)
    } else {
        Err(refuse(store, format!("the file {} holds no certificates in PEM", file.display())))
    }
}

fn refuse(store: &str, context: String) -> Error {
    Error::new(ErrorKind::Invalid, "open", store, context)
        .of_the_store()
        .with_remedy("set tls.ca (or AWS_CA_BUNDLE) to a file that begins with -----BEGIN CERTIFICATE-----")
}
