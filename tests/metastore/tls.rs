//! TLS as the URL and the table ask for it. The server's certificate is for `localhost` and 127.0.0.1, made by a private authority.

use std::path::PathBuf;

use secretferry::model::ErrorKind;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::place::{Ground, as_superuser, server_port, told};

const DATABASE: &str = "tls_modes";

/// The server under an address that its certificate does not name.
async fn under_another_name() -> String {
    let listener = TcpListener::bind("127.0.0.2:0").await.expect("all of 127/8 is ours");
    let address = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut server = TcpStream::connect(("127.0.0.1", server_port())).await?;
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    address
}

/// What becomes of a listing: nothing, or the first words of what went wrong.
async fn outcome(host: &str, query: &str, ca: Option<PathBuf>) -> Result<usize, (ErrorKind, String)> {
    let mut ground = Ground::new(&format!("postgresql://postgres:postgres@{host}/{DATABASE}?{query}"), "");
    ground.settings.tls.ca = ca;
    let listed = ground.list().await;
    listed.map(|listed| listed.len()).map_err(|error| (error.kind, error.context))
}

#[tokio::test]
async fn each_mode_verifies_what_it_says() {
    as_superuser("postgres", &format!("CREATE DATABASE {DATABASE}")).await;
    let tables = "CREATE TABLE connection (conn_id text, conn_type text, host text, schema text, login text, password text, port int,
            extra text, is_encrypted boolean, is_extra_encrypted boolean);
        CREATE TABLE variable (key text, val text, is_encrypted boolean); INSERT INTO variable VALUES ('v', 'x', false)";
    as_superuser(DATABASE, tables).await;
    let known = format!("127.0.0.1:{}", server_port());
    let unknown = under_another_name().await;
    let ca = told("POSTGRES_CA");
    let other = format!("{}/other-ca.crt", told("TLS"));
    for (host, query) in [
        (&known, "sslmode=disable".to_owned()),
        (&known, "sslmode=prefer".to_owned()),
        (&unknown, "sslmode=require".to_owned()),
        (&known, format!("sslmode=verify-ca&sslrootcert={ca}")),
        (&unknown, format!("sslmode=verify-ca&sslrootcert={ca}")),
        (&unknown, format!("sslmode=require&sslrootcert={ca}")),
        (&known, format!("sslmode=verify-full&sslrootcert={ca}")),
        (&known, format!("ssl=verify-full&sslrootcert={ca}")),
        (
            &known,
            format!("sslmode=verify-full&sslrootcert={ca}&sslcert={0}/client.crt&sslkey={0}/client.key", told("TLS")),
        ),
    ] {
        assert_eq!(outcome(host, &query, None).await, Ok(1), "{host} {query}");
    }
    for (host, query, expected) in [
        (&unknown, format!("sslmode=verify-full&sslrootcert={ca}"), "not valid for name"),
        (&known, format!("sslmode=verify-full&sslrootcert={other}"), "UnknownIssuer"),
        (&known, format!("sslmode=verify-ca&sslrootcert={other}"), "UnknownIssuer"),
        (&known, format!("sslmode=require&sslrootcert={other}"), "UnknownIssuer"),
        (&known, "sslmode=verify-full".to_owned(), "UnknownIssuer"),
        (&known, "sslmode=verify-full&sslrootcert=/no/such.crt".to_owned(), "/no/such.crt"),
    ] {
        let (kind, context) = outcome(host, &query, None).await.expect_err("it must be refused");
        assert_eq!(kind, ErrorKind::Invalid, "{query}: {context}");
        assert!(context.contains(expected), "{query}: {context}");
    }
}

#[tokio::test]
async fn the_table_has_a_say_too() {
    let (known, unknown) = (format!("127.0.0.1:{}", server_port()), under_another_name().await);
    let missing = "does not exist";
    let said = |outcome: Result<usize, (ErrorKind, String)>| outcome.expect_err("there is no such database").1;
    let ca = || Some(PathBuf::from(told("POSTGRES_CA")));
    // With an authority and no mode the server is verified in full; only a verified one gets to say what it lacks.
    let at = |host: &str| host.to_owned();
    for (host, query, expected) in [
        (at(&known), "dbname=nowhere", missing),
        (at(&unknown), "dbname=nowhere", "not valid for name"),
        (at(&unknown), "dbname=nowhere&sslmode=require", missing),
        (at(&known), "dbname=nowhere&sslmode=prefer", "verifies nothing"),
    ] {
        let context = said(outcome(&host, query, ca()).await);
        assert!(context.contains(expected), "{host} {query}: {context}");
    }
}
