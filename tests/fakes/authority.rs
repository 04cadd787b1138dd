//! Our own certificate authority, and the TLS of a fake whose clients speak nothing else: made by `openssl`, trusted by
//! nobody but whom a test tells to.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, Weak};

use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// An authority, and what it has signed for `localhost` and 127.0.0.1.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
}

/// The one that this process uses now: making one takes longer than most tests.
static CURRENT: Mutex<Weak<Authority>> = Mutex::new(Weak::new());

impl Authority {
    /// The authority of this process; its files go with whoever uses it last.
    pub fn shared() -> Arc<Self> {
        let mut current = CURRENT.lock().unwrap();
        current.upgrade().unwrap_or_else(|| {
            let made = Arc::new(Self::make());
            *current = Arc::downgrade(&made);
            made
        })
    }

    /// An authority of its own, which none of the fakes has a certificate of.
    pub fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").unwrap();
        let new = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        for arguments in [
            format!("req -x509 {new} -days 2 -subj /CN=test-authority -keyout ca.key -out ca.crt"),
            format!("req {new} -subj /CN=localhost -keyout server.key -out server.csr"),
            "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt"
                .to_owned(),
        ] {
            openssl(folder.path(), &arguments);
        }
        Self { folder }
    }

    /// The file with its certificate, in PEM.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// What makes TLS of a server's connections.
    pub fn acceptor(&self) -> TlsAcceptor {
        let chain = CertificateDer::pem_file_iter(self.folder.path().join("server.crt")).unwrap();
        let key = PrivateKeyDer::from_pem_file(self.folder.path().join("server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.map(Result::unwrap).collect(), key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let told = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output();
    let told = told.expect("openssl is installed: apt-get install openssl");
    assert!(told.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&told.stderr));
}
