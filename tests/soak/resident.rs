//! What is left of a thousand secrets in the memory of the program: while it waits for consent, and when it is done.

use std::path::Path;

use tempfile::TempDir;

use crate::fernet::encrypt;
use crate::ferry::{start_in_shell, start_on_terminal};
use crate::memory::{Found, Process, canary};
use crate::metastore::{FERNET_KEY, Metastore};
use crate::vault::shared;
use crate::world::Target;

/// How many secrets there are.
const SECRETS: usize = 1000;
/// The most that may be left where the source is encrypted: what a library's buffer may still hold.
const FEW: usize = 10;
/// The most copies of a secret, on average, that SQLite keeps of a file without encryption.
const COPIES: usize = 4;
/// The program's file name.
const PROGRAM: &str = "secretferry";

/// How the metastore keeps its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rows {
    /// Under a Fernet key, as Airflow does where it has one.
    Encrypted,
    /// As they are.
    Plain,
}

/// A thousand variables, and a job that carries them and looks at the values of both sides.
async fn place(target: Target, rows: Rows) -> (TempDir, Metastore) {
    let folder = tempfile::tempdir().unwrap();
    let metastore = Metastore::make(folder.path()).await;
    let inserts = (0..SECRETS).map(|number| {
        let sealed = rows == Rows::Encrypted;
        let value = if sealed { encrypt(FERNET_KEY, &canary(number)) } else { canary(number) };
        format!("INSERT INTO variable (key, val, is_encrypted) VALUES ('v{number:04}', '{value}', {sealed});")
    });
    metastore.change(&format!("BEGIN; {} COMMIT", inserts.collect::<String>())).await;
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("metastore.url", &metastore.url());
    write("fernet.key", FERNET_KEY);
    let target = match target {
        Target::Files => "kind = \"local-files\"\nvariables-file = \"variables.json\"".to_owned(),
        Target::Vault => {
            let vault = shared().await;
            write("token", &vault.token);
            let auth = "auth = { method = \"token\", token = { file = \"token\" } }";
            format!("kind = \"vault\"\naddress = {:?}\nmount = {:?}\n{auth}", vault.address, vault.mount(2).await)
        }
    };
    let config = format!(
        "[stores.airflow]\nkind = \"airflow-metastore\"\nurl = {{ file = \"metastore.url\" }}\n\
         fernet-key = {{ file = \"fernet.key\" }}\n\n[stores.target]\n{target}\n\n\
         [jobs.ferry]\nsource = \"airflow\"\ntarget = \"target\"\nkinds = [\"variables\"]\ncompare = \"values\"\n"
    );
    write("secretferry.toml", &config);
    (folder, metastore)
}

/// The program planned, and waits for consent.
async fn after_planning(folder: &Path) -> Found {
    let running = start_on_terminal(folder, &["apply"]);
    running.says("Only `yes` is taken for consent").await;
    let found = Process(running.id()).running(PROGRAM).await.canaries();
    running.kill().await;
    found
}

/// The program has done everything, and is held at its last call.
async fn at_the_end(folder: &Path, command: &str) -> Found {
    let hold = "exec strace -f -qq -o /dev/null -e trace=exit_group -e inject=exit_group:delay_enter=60s";
    let running = start_in_shell(folder, &format!("{hold} \"$0\" {command}"));
    let process = Process(running.id()).running(PROGRAM).await;
    assert_eq!(process.about_to_exit().await, 0, "{command}");
    let found = process.canaries();
    // With strace its prey dies too.
    running.kill().await;
    found
}

/// Measures each moment, and tells a person who looks on.
#[expect(clippy::print_stderr, reason = "the numbers are for a person to read, and for docs/memory.md")]
async fn measured(target: Target, rows: Rows) -> Vec<Found> {
    let (folder, metastore) = place(target, rows).await;
    let folder = folder.path();
    let mut moments = vec![("planned a first run", after_planning(folder).await)];
    moments.push(("made it", at_the_end(folder, "apply --yes").await));
    moments.push(("verified it", at_the_end(folder, "verify").await));
    metastore.set_variable("one-more", "anything").await;
    moments.push(("planned a run that reads all values", after_planning(folder).await));
    for (moment, found) in &moments {
        eprintln!("{rows:?} rows to {target:?}, {moment}: {} of {SECRETS}", found.canaries);
    }
    moments.into_iter().map(|(_, found)| found).collect()
}

#[tokio::test]
async fn encrypted_rows_to_vault() {
    let found = measured(Target::Vault, Rows::Encrypted).await;
    assert!(found.iter().all(|found| found.copies <= FEW), "{found:?}");
}

#[tokio::test]
async fn encrypted_rows_to_files() {
    let found = measured(Target::Files, Rows::Encrypted).await;
    assert!(found.iter().all(|found| found.copies <= FEW), "{found:?}");
}

/// A control too: what SQLite keeps of a file without encryption is found in the same way.
#[tokio::test]
async fn plain_rows_to_files() {
    let found = measured(Target::Files, Rows::Plain).await;
    assert!(found[0].canaries > FEW, "{found:?}");
    assert!(found.iter().all(|found| found.copies <= COPIES * SECRETS), "{found:?}");
}

/// The control: in a process that holds them, all are found.
#[tokio::test]
async fn what_is_there_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<_> = (0..SECRETS).map(canary).collect();
    std::fs::write(folder.path().join("secrets"), all.join("\n")).unwrap();
    let mut holder = start_in_shell(folder.path(), "held=$(cat secrets); echo held; read -r line; echo \"$held\"");
    holder.says("held").await;
    let found = Process(holder.id()).canaries();
    assert!(found.canaries == SECRETS && found.copies >= SECRETS, "{found:?}");
    holder.types("\n").await;
    holder.ended().await.with_code(0);
}
