//! TLS with an authority of our own, and with client certificates.

use secretferry::model::ErrorKind;
use secretferry::provider::{Error, Expect};

use crate::server::{Vault, certificates};
use crate::shop::{Shop, opened};

/// A server that speaks TLS; `more` are its flags beside that.
fn start(more: &[&str]) -> Vault {
    let file = |name: &str| certificates().join(name).display().to_string();
    let (certificate, key, authority) = (file("server.crt"), file("server.key"), file("ca.crt"));
    let mut flags = vec!["-tls-cert", &certificate, "-tls-key", &key];
    let with_authority: Vec<&str> = more.iter().copied().chain([authority.as_str()]).collect();
    if !more.is_empty() {
        flags.extend(with_authority);
    }
    Vault::start(&flags)
}

async fn open(server: &Vault, tls: &[(&str, &str)]) -> Result<Shop, Error> {
    let folder = certificates();
    let pairs: Vec<_> = tls.iter().map(|(key, file)| format!("{key} = {:?}", folder.join(file))).collect();
    // cubbyhole is there without being asked for; its engine is looked at, not used.
    let table = format!("mount = \"cubbyhole\"\ntimeout = \"5s\"\ntls = {{ {} }}", pairs.join(", "));
    opened(&server.address, &server.token, &table).await
}

/// How far an opening came: to Vault, which says that the mount is not KV, or not.
fn reached(answer: Result<Shop, Error>) -> Result<(), Error> {
    match answer {
        Ok(_) => panic!("cubbyhole is not KV"),
        Err(error) if error.context.contains("not KV") => Ok(()),
        Err(error) => Err(error),
    }
}

#[tokio::test]
async fn an_authority_of_our_own_is_trusted_when_it_is_named() {
    let server = start(&[]);
    reached(open(&server, &[("ca", "ca.crt")]).await).unwrap();
    for tls in [&[][..], &[("ca", "other-ca.crt")]] {
        let error = reached(open(&server, tls).await).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid, "{error:?}");
        assert!(error.remedy.as_ref().unwrap().contains("tls.ca"), "{error:?} {:?}", error.remedy);
    }
    let error = reached(open(&server, &[("ca", "missing.crt")]).await).unwrap_err();
    assert!(error.context.contains("missing.crt"), "{error:?}");
    let error = reached(open(&server, &[("ca", "ca.key")]).await).err();
    assert!(error.is_some(), "a key is no authority");
}

#[tokio::test]
async fn a_client_certificate_opens_the_door() {
    let server = start(&["-client-ca"]);
    let ours = [("ca", "ca.crt"), ("client-certificate", "client.crt"), ("client-key", "client.key")];
    reached(open(&server, &ours).await).unwrap();
    let error = reached(open(&server, &ours[..1]).await).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid, "{error:?}");
    assert!(error.remedy.as_ref().unwrap().contains("client-certificate"), "{error:?} {:?}", error.remedy);
}

#[tokio::test]
async fn http_and_https_mixed_up_is_said() {
    let server = start(&[]);
    let plain = server.address.replace("https://", "http://");
    let error = opened(&plain, &server.token, "").await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.remedy.unwrap().contains("https://"));
    let without = Vault::start(&[]);
    let secure = without.address.replace("http://", "https://");
    let error = opened(&secure, &without.token, "").await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Invalid, "{error:?}");
    assert!(error.remedy.as_ref().unwrap().contains("http://"), "{error:?} {:?}", error.remedy);
}

#[tokio::test]
async fn values_travel_over_tls() {
    let server = start(&[]);
    let folder = certificates();
    // The test's own client does not know the authority, so the store's client makes everything it needs.
    let table = format!("mount = \"\"\ntls = {{ ca = {:?} }}", folder.join("ca.crt"));
    let shop = opened(&server.address, &server.token, &table).await.unwrap();
    assert_eq!(shop.list().await.unwrap(), Vec::<String>::new());
    let error = shop.write("nowhere/connections/c", "{}", &Expect::Absent).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
}
