//! Listening: one address, plain or with TLS, few connections, and none that dawdles.

use std::future::{Ready, ready};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::error::HttpError;
use super::served::Served;
use crate::config::ServerTls;

/// How long a client may take for the head of a request, and for the handshake before it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long answers under way may take once the daemon ends.
const FAREWELL: Duration = Duration::from_secs(5);
/// How often the certificate is looked at for a newer one.
const LOOK: Duration = Duration::from_secs(10);
/// The most connections at once; what comes beyond is closed.
const CONNECTIONS: usize = 256;

/// An address that is ours, before anything is answered there.
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Certificate>,
}

/// The certificate in use, and the digest of what it was read from.
struct Certificate {
    config: RustlsConfig,
    digest: [u8; 32],
}

impl Door {
    /// Where it is; the port is the system's choice where the settings say 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The status page's URL, as people may open it.
    pub fn url(&self) -> String {
        format!("{}://{}/", if self.tls.is_some() { "https" } else { "http" }, self.address)
    }
}

/// Takes the address and reads the certificate; nothing is answered before [`serve`].
pub async fn bind(served: &Served) -> Result<Door, HttpError> {
    let settings = served.settings();
    let tls = match &settings.tls {
        Some(tls) => Some(Certificate::read(tls).await?),
        None => None,
    };
    let refused = |cause: io::Error| match cause.kind() {
        io::ErrorKind::AddrInUse => HttpError::InUse(settings.listen),
        _ => HttpError::Bind { address: settings.listen, cause },
    };
    let listener = TcpListener::bind(settings.listen).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok(Door { listener, address, tls })
}

/// Answers until told to stop, and then finishes what is under way.
pub async fn serve(door: Door, served: Served, stop: CancellationToken) -> Result<(), HttpError> {
    let handle = Handle::new();
    let bounded = Bounded { handle: handle.clone() };
    let mut server =
        axum_server::from_tcp(door.listener).map_err(HttpError::Serve)?.http1_only().handle(handle.clone());
    server.http_builder().http1().header_read_timeout(PATIENCE).keep_alive(true).max_buf_size(64 * 1024);
    let service = super::router(served.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let until = async {
        stop.cancelled().await;
        handle.graceful_shutdown(Some(FAREWELL));
        std::future::pending::<()>().await;
    };
    let answered = async {
        match &door.tls {
            Some(certificate) => {
                let acceptor = RustlsAcceptor::new(certificate.config.clone()).handshake_timeout(PATIENCE);
                server.acceptor(acceptor.acceptor(bounded)).serve(service).await
            }
            None => server.acceptor(bounded).serve(service).await,
        }
    };
    tokio::select! {
        ended = answered => ended.map_err(HttpError::Serve),
        () = until => Ok(()),
        () = renewal(door.tls.as_ref(), &served) => Ok(()),
    }
}

impl Certificate {
    async fn read(tls: &ServerTls) -> Result<Self, HttpError> {
        let texts = Texts::read(tls)?;
        let digest = texts.digest;
        Ok(Self { config: texts.into_config().await?, digest })
    }
}

/// A certificate and its key as they are written, and the digest of both.
struct Texts {
    chain: Vec<u8>,
    key: Vec<u8>,
    digest: [u8; 32],
}

impl Texts {
    fn read(tls: &ServerTls) -> Result<Self, HttpError> {
        let (chain, key) = (tls.certificate.resolve()?, tls.key.resolve()?);
        let (chain, key) = (chain.expose().as_bytes().to_vec(), key.expose().as_bytes().to_vec());
        let digest = Sha256::new().chain_update(&chain).chain_update([0]).chain_update(&key).finalize().into();
        Ok(Self { chain, key, digest })
    }

    async fn into_config(self) -> Result<RustlsConfig, HttpError> {
        let unusable = |cause: io::Error| HttpError::Tls(cause.to_string());
        let config = RustlsConfig::from_pem(self.chain, self.key).await.map_err(unusable)?;
        // HTTP/1.1 alone: nothing here gains by HTTP/2, and its time-outs are other ones.
        let mut settings = config.get_inner().as_ref().clone();
        settings.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.reload_from_config(Arc::new(settings));
        Ok(config)
    }
}

/// Looks for another certificate from time to time, and never ends; one that cannot be used leaves the old one in place.
async fn renewal(certificate: Option<&Certificate>, served: &Served) {
    let Some(certificate) = certificate else { return std::future::pending().await };
    let mut seen = certificate.digest;
    loop {
        tokio::time::sleep(LOOK).await;
        let settings = served.settings();
        let Some(tls) = &settings.tls else { continue };
        match renewed(certificate, tls, &mut seen).await {
            Ok(true) => tracing::info!("the certificate was read again"),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "the certificate cannot be read again; the one before it stays in use")
            }
        }
    }
}

async fn renewed(certificate: &Certificate, tls: &ServerTls, seen: &mut [u8; 32]) -> Result<bool, HttpError> {
    let texts = Texts::read(tls)?;
    if texts.digest == *seen {
        return Ok(false);
    }
    *seen = texts.digest;
    certificate.config.reload_from_config(texts.into_config().await?.get_inner());
    Ok(true)
}

/// Turns connections away that are one too many.
#[derive(Clone)]
struct Bounded {
    handle: Handle<SocketAddr>,
}

impl<I, S> Accept<I, S> for Bounded {
    type Stream = I;
    type Service = S;
    type Future = Ready<io::Result<(I, S)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        // The count includes the one at the door.
        if self.handle.connection_count() > CONNECTIONS {
            return ready(Err(io::Error::other("too many connections")));
        }
        ready(Ok((stream, service)))
    }
}
