//! Why the daemon cannot listen.

use std::io;
use std::net::SocketAddr;

use crate::reference::ReferenceError;

/// Why the daemon cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Somebody else listens there.
    #[error("{0} is in use by another process")]
    InUse(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen on {address}: {cause}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        cause: io::Error,
    },
    /// The certificate, or its key, cannot be read.
    #[error("daemon.tls: {0}")]
    TlsMissing(#[from] ReferenceError),
    /// The certificate, or its key, is none, or the two do not belong together.
    #[error("daemon.tls: the certificate and key cannot be used: {0}")]
    Tls(String),
    /// Connections cannot be accepted any more.
    #[error("cannot serve any more: {0}")]
    Serve(io::Error),
}

impl HttpError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::InUse(address) => format!(
                "another secretferry may be running (ss -ltnp 'sport = :{}' shows it); stop it, or give daemon.listen another port",
                address.port()
            ),
            Self::Bind { .. } => "give daemon.listen an address of this machine and a port above 1023".to_owned(),
            Self::TlsMissing(_) => "set it, or correct the reference".to_owned(),
            Self::Tls(_) => {
                "give both in PEM: the certificate first, then those above it; the key unencrypted".to_owned()
            }
            Self::Serve(_) => "look at the system's log: descriptors may have run out".to_owned(),
        }
    }
}
