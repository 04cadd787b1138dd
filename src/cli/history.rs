//! `history`: the runs, or the steps of one.

use std::path::Path;
use std::sync::Arc;

use super::args;
use super::console::Console;
use super::failure::Failure;
use super::session::Session;
use crate::ledger::{Ledger, Run};
use crate::model::Blind;
use crate::report::{json, text};

/// Lists runs, or shows one.
pub async fn history(config: Option<&Path>, args: args::History, console: &Console) -> Result<u8, Failure> {
    let session = Session::begin(config, Arc::new(Blind))?;
    let ledger = existing(&session).await?;
    match args.run {
        None => {
            let runs = ledger.runs(args.limit).await.map_err(Failure::ledger)?;
            console.report(|| json::history(&runs, None), |paper| text::history(&runs, paper))?;
        }
        Some(id) => {
            let run = find(&ledger, &id).await?;
            let steps = ledger.steps(&run.id).await.map_err(Failure::ledger)?;
            let runs = [run];
            console.report(|| json::history(&runs, Some(&steps)), |paper| text::run_detail(&runs[0], &steps, paper))?;
        }
    }
    Ok(0)
}

/// The ledger, which must be there already.
pub async fn existing(session: &Session) -> Result<Ledger, Failure> {
    session.ledger_if_any().await?.ok_or_else(|| {
        Failure::local("there is no ledger yet: nothing has been applied from this config")
            .with_hint("`secretferry apply` makes it")
    })
}

/// The run that an id, one of its ends, or the word `latest` names.
pub async fn find(ledger: &Ledger, id: &str) -> Result<Run, Failure> {
    let found = ledger.find_run(id).await.map_err(Failure::ledger)?;
    found.ok_or_else(|| Failure::usage(format!("no run is called {id:?}"), "`secretferry history` lists them"))
}
