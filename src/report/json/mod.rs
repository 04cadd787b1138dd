//! Reports for machines: own structs, each with its schema in front; within one number keys are only ever added.

mod airflow;
mod audit;
mod check;
mod demo;
mod history;
mod plan;
mod run;
mod schedule;
mod several;
mod show;
mod verify;

use serde::Serialize;

pub use airflow::airflow_env;
pub use audit::{audit, audit_proof};
pub use check::check;
pub use demo::demo;
pub use history::history;
pub use plan::plan;
pub use run::run;
pub use schedule::schedule;
pub use several::{plans, runs, verifies};
pub use show::show;
pub use verify::verify;

// Every report is of texts, numbers and lists.
fn rendered(report: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(report).expect("a report has no key that is not text");
    text.push('\n');
    text
}
