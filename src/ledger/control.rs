//! What people ask of a job: to rest, to go on, to run now. All of it is in the audit log.

use async_trait::async_trait;

use super::audit::AuditRow;
use super::database::{Row, query};
use super::error::LedgerError;
use super::history::time;
use super::open::Ledger;
use super::overview::Control;
use super::writer::{Change, Pen};

/// The most characters that are kept of who asked.
const LONGEST_NAME: usize = 200;

impl Ledger {
    /// Lets a job rest until it is resumed; one that rests already is left as it is.
    pub async fn pause(&self, job: &str, by: &str) -> Result<(), LedgerError> {
        self.ask(job, by, Wish::Pause).await
    }

    /// Lets a job that rests go on.
    pub async fn resume(&self, job: &str, by: &str) -> Result<(), LedgerError> {
        self.ask(job, by, Wish::Resume).await
    }

    /// Asks for a run of a job now, by the ledger's clock.
    pub async fn ask_for_run(&self, job: &str, by: &str) -> Result<(), LedgerError> {
        self.ask(job, by, Wish::Run).await
    }

    async fn ask(&self, job: &str, by: &str, wish: Wish) -> Result<(), LedgerError> {
        let by = by.chars().take(LONGEST_NAME).collect();
        self.writer().write(Ask { job: job.to_owned(), by, wish }).await
    }
}

#[derive(Clone, Copy)]
enum Wish {
    Pause,
    Resume,
    Run,
}

impl Wish {
    const fn event(self) -> &'static str {
        match self {
            Self::Pause => "paused",
            Self::Resume => "resumed",
            Self::Run => "run-asked",
        }
    }

    const fn sql(self) -> &'static str {
        match self {
            Self::Pause => "UPDATE controls SET paused_at = $2, paused_by = $3 WHERE job = $1 AND paused_at IS NULL",
            Self::Resume => {
                "UPDATE controls SET paused_at = NULL, paused_by = NULL WHERE job = $1 AND paused_at IS NOT NULL"
            }
            Self::Run => "UPDATE controls SET asked_at = $2, asked_by = $3 WHERE job = $1",
        }
    }
}

struct Ask {
    job: String,
    by: String,
    wish: Wish,
}

#[async_trait]
impl Change for Ask {
    type Answer = ();
    const LEAVES_RUNS: bool = true;

    async fn record(&self, pen: &mut Pen<'_>) -> Result<(), LedgerError> {
        query("INSERT INTO controls (job) VALUES ($1) ON CONFLICT (job) DO NOTHING")
            .bind(&self.job)
            .execute(&mut *pen.connection)
            .await?;
        let asked = query(self.wish.sql()).bind(&self.job);
        let asked = match self.wish {
            Wish::Resume => asked,
            Wish::Pause | Wish::Run => asked.bind(pen.now).bind(&self.by),
        };
        if asked.execute(&mut *pen.connection).await? == 0 {
            return Ok(());
        }
        let (job, detail) = (Some(self.job.clone()), Some(format!("by {}", self.by)));
        pen.audit(AuditRow { job, detail, ..AuditRow::of(self.wish.event()) }).await
    }
}

/// Reads what people asked of a job.
pub(super) fn read(row: &Row) -> Result<Control, LedgerError> {
    let said = |at, by| Ok::<_, LedgerError>(time(row, at)?.zip(row.try_get::<Option<String>>(by)?));
    Ok(Control { paused: said("paused_at", "paused_by")?, asked: said("asked_at", "asked_by")? })
}
