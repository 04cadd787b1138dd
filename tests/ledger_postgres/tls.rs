//! TLS as the URL and the table ask for it. The server's certificate is for `localhost` and 127.0.0.1.

use std::path::PathBuf;

use secretferry::ledger::{Ledger, LedgerError, LedgerSettings};
use secretferry::reference::TlsSettings;

use crate::wire::Wire;
use crate::world::{World, server, told};

const ENCRYPTED: &str = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
    WHERE ssl AND application_name = 'secretferry' AND datname = current_database()";

async fn open(world: &World, address: &str, query: &str, ca: Option<PathBuf>) -> Result<Ledger, LedgerError> {
    let url = format!("postgres://postgres:postgres@{address}/{}?{query}", world.database);
    std::fs::write(world.file("url"), url).unwrap();
    let tls = TlsSettings { ca, ..TlsSettings::default() };
    Ledger::open(&LedgerSettings { tls, ..world.settings() }, world.folder.path()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_verified_as_far_as_it_is_asked_for() {
    let (world, elsewhere) = (World::new().await, Wire::from("127.0.0.2").await);
    let (known, unknown) = (server(), elsewhere.address.clone());
    let (ca, other) = (told("POSTGRES_CA"), format!("{}/other-ca.crt", told("TLS")));
    std::fs::copy(&ca, world.file("relative.crt")).unwrap();
    for (address, query, table, encrypted) in [
        (&known, "sslmode=disable".to_owned(), None, 0),
        (&unknown, "sslmode=require".to_owned(), None, 1),
        (&known, format!("sslmode=verify-full&sslrootcert={ca}"), None, 1),
        (&known, format!("sslrootcert={ca}"), None, 1),
        (&known, "sslrootcert=relative.crt".to_owned(), None, 1),
        (&known, String::new(), Some(PathBuf::from("relative.crt")), 1),
        (&unknown, format!("sslmode=verify-ca&sslrootcert={ca}"), None, 1),
        (&unknown, "sslmode=require".to_owned(), Some(PathBuf::from(&ca)), 1),
        (&known, format!("sslcert={0}/client.crt&sslkey={0}/client.key", told("TLS")), Some(PathBuf::from(&ca)), 1),
    ] {
        let ledger = open(&world, address, &query, table).await.map_err(|error| format!("{query}: {error}")).unwrap();
        ledger.runs(1).await.unwrap();
        // One that writes, one that reads.
        assert_eq!(world.number(ENCRYPTED).await, 2 * encrypted, "{query}");
        drop(ledger);
        while world.number("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'secretferry' AND datname = current_database()").await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
    for (address, query, table, expected) in [
        (&unknown, format!("sslmode=verify-full&sslrootcert={ca}"), None, "not valid for name"),
        (&unknown, String::new(), Some(PathBuf::from(&ca)), "not valid for name"),
        (&known, format!("sslmode=verify-full&sslrootcert={other}"), None, "UnknownIssuer"),
        (&known, format!("sslmode=require&sslrootcert={other}"), None, "UnknownIssuer"),
        (&known, "sslmode=verify-full".to_owned(), None, "UnknownIssuer"),
        (&known, "sslmode=verify-full&sslrootcert=/no/such.crt".to_owned(), None, "/no/such.crt"),
        (&known, "sslcert=/only.crt".to_owned(), None, "together"),
    ] {
        let refused = open(&world, address, &query, table).await.unwrap_err();
        assert!(refused.to_string().contains(expected), "{query}: {refused}");
    }
}
