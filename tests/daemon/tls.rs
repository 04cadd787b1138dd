//! TLS: the certificate that is configured, and the one that comes after it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client};
use secretferry::config::ServerTls;
use secretferry::daemon::http::bind;
use secretferry::reference::Reference;

use crate::ask::House;
use crate::authority::Authority;

/// The files of an authority's server.
fn copy(authority: &Authority, into: &Path) {
    let made = authority.certificate();
    for file in ["server.crt", "server.key"] {
        fs::copy(made.with_file_name(file), into.join(file)).unwrap();
    }
}

fn files(folder: &Path) -> ServerTls {
    let file = |name: &str| Reference::File(folder.join(name));
    ServerTls { certificate: file("server.crt"), key: file("server.key") }
}

fn trusting(authority: &Authority) -> Client {
    let certificate = Certificate::from_pem(&fs::read(authority.certificate()).unwrap()).unwrap();
    Client::builder().tls_certs_only([certificate]).no_proxy().pool_max_idle_per_host(0).build().unwrap()
}

#[tokio::test]
async fn the_certificate_is_served_and_another_is_taken_up_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (Authority::make(), Authority::make());
    copy(&first, folder.path());
    let house = House::with(|settings| settings.tls = Some(files(folder.path()))).await;
    let url = format!("https://localhost:{}/healthz", house.address.port());
    assert_eq!(trusting(&first).get(&url).send().await.unwrap().status(), 200);
    assert!(trusting(&second).get(&url).send().await.is_err(), "the other authority has not signed it");
    let plain = format!("http://localhost:{}/healthz", house.address.port());
    assert!(Client::builder().no_proxy().build().unwrap().get(plain).send().await.is_err(), "nothing is said in clear");

    fs::write(folder.path().join("server.crt"), "no certificate").unwrap();
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(trusting(&first).get(&url).send().await.unwrap().status(), 200, "a bad one changes nothing");
    copy(&second, folder.path());
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(trusting(&second).get(&url).send().await.unwrap().status(), 200);
    assert!(trusting(&first).get(&url).send().await.is_err());
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_named_before_anything_is_served() {
    let folder = tempfile::tempdir().unwrap();
    copy(&Authority::make(), folder.path());
    let house = House::open().await;
    let fault = async |settings: ServerTls| {
        let changed = secretferry::config::DaemonSettings { tls: Some(settings), ..(*house.served.settings()).clone() };
        house.served.adopt(changed);
        bind(&house.served).await.err().expect("it cannot be used").to_string()
    };
    let missing = ServerTls { key: Reference::File(folder.path().join("none")), ..files(folder.path()) };
    assert!(fault(missing).await.starts_with("daemon.tls: the file "));
    fs::write(folder.path().join("server.key"), "canary-key").unwrap();
    let words = fault(files(folder.path())).await;
    assert!(words.starts_with("daemon.tls: the certificate and key cannot be used"), "{words}");
    assert!(!words.contains("canary-key"));
}
