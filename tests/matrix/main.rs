//! Every store to every other, over a hostile corpus: each secret arrives exactly, or is refused with the reason. The
//! matrix is printed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise, and tells what it found"
)]

mod corpus;
#[path = "../fakes/mod.rs"]
#[expect(dead_code, reason = "it is shared with all who need a cloud, and its own tests use the rest")]
mod fakes;
mod pair;
mod place;
#[path = "../vault/server.rs"]
#[expect(dead_code, reason = "it is shared with the tests of Vault alone, which use the rest")]
mod server;

use std::io::Write as _;

use corpus::{Secret, corpus};
use pair::Pair;
use place::PLACES;

#[tokio::test]
async fn every_secret_arrives_exactly_or_is_refused_with_the_reason() {
    let mut faults = Vec::new();
    let mut rows = Vec::new();
    for source in PLACES {
        let mut cells = Vec::new();
        for target in PLACES {
            if source == target {
                cells.push("—".to_owned());
                continue;
            }
            let pair = Pair::carried(source, target, &corpus()).await;
            faults.extend(pair.faults().await);
            cells.push(pair.summary());
            println!("{}", pair.told());
        }
        rows.push((source, cells));
    }
    print(&rows);
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The control: each way of changing a secret in silence is a fault.
#[tokio::test]
async fn what_is_changed_in_silence_is_found() {
    for target in PLACES {
        let source = if target == "vault" { "aws-secrets-manager" } else { "vault" };
        let pair = Pair::carried(source, target, &corpus()).await;
        assert_eq!(pair.faults().await, Vec::<String>::new());
        let original = corpus().into_iter().find(|secret| secret.id == "crlf").unwrap();
        let key = pair.target.key(&original);
        for text in [original.text.replace("\r\n", "\n"), original.text.trim().to_owned(), String::from("x")] {
            pair.target.put(&key, &Secret { text, ..original.clone() }).await;
            let found = pair.faults().await;
            assert!(found.len() == 1 && found[0].contains("crlf"), "{target}: {found:?}");
        }
        pair.target.put(&key, &original).await;
        let stranger = Secret { id: "stranger".to_owned(), ..original };
        pair.target.put(&pair.target.key(&stranger), &stranger).await;
        let found = pair.faults().await;
        assert!(found.len() == 1 && found[0].contains("stranger"), "{target}: {found:?}");
    }
}

/// Past the test runner, which would keep it to itself as long as nothing fails.
fn print(rows: &[(&str, Vec<String>)]) {
    let line = |first: &str, cells: &[String]| {
        let cells: String = cells.iter().map(|cell| format!(" {cell:<20}")).collect();
        format!("{first:<20}{cells}\n")
    };
    let mut table = "\ncarried exactly / refused with the reason, from the left to the top\n".to_owned();
    table += &line("", &PLACES.map(str::to_owned));
    table.extend(rows.iter().map(|(source, cells)| line(source, cells)));
    std::io::stdout().write_all(table.as_bytes()).unwrap();
}
