//! One step's way through the ledger: intended → done | failed | unknown → settled, as a table of legal moves.

use async_trait::async_trait;

use super::audit::AuditRow;
use super::baseline;
use super::database::{Row, query};
use super::error::LedgerError;
use super::lease::{Claim, Lease};
use super::open::Ledger;
use super::runs::{RunContext, RunId};
use super::writer::{Change, Pen};
use crate::model::{Action, Fingerprint, Names, Reason, RemoteKey, Revision, SecretName};

/// Names a step of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StepId(pub i64);

/// Where a step is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// It is about to be done, or was when the run died.
    Intended,
    /// The store did it.
    Done,
    /// The store did not.
    Failed,
    /// Nobody knows.
    Unknown,
    /// It was found out by reading back.
    Settled,
}

impl StepState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Intended, Self::Done, Self::Failed, Self::Unknown, Self::Settled];

    /// Every move there is; each state not named as a beginning is an end.
    const MOVES: [(Self, Self); 5] = [
        (Self::Intended, Self::Done),
        (Self::Intended, Self::Failed),
        (Self::Intended, Self::Unknown),
        (Self::Intended, Self::Settled),
        (Self::Unknown, Self::Settled),
    ];

    /// The word used in reports and the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Settled => "settled",
        }
    }

    /// Parses the word; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    pub(super) fn read(row: &Row) -> Result<Self, LedgerError> {
        Self::parse(row.try_get("state")?).ok_or(LedgerError::Damaged { what: "step's state" })
    }

    /// The states from which a step may come here; at most two.
    pub(super) fn beginnings(self) -> [Option<&'static str>; 2] {
        let mut states = Self::MOVES.iter().filter(|(_, to)| *to == self).map(|(from, _)| from.as_str());
        [states.next(), states.next()]
    }

    /// Checks the move to `next` against the table.
    pub(super) fn to(self, next: Self) -> Result<(), LedgerError> {
        if Self::MOVES.contains(&(self, next)) {
            return Ok(());
        }
        Err(LedgerError::IllegalMove { from: self.as_str(), to: next.as_str() })
    }
}

/// What is about to be done to one key.
#[derive(Debug, Clone)]
pub struct Intent {
    /// The name in the target.
    pub name: SecretName,
    /// The target's spelling.
    pub key: RemoteKey,
    /// What.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// Digest of the settings it is rendered under, as in the baseline.
    pub shape: String,
    /// The request token of the write.
    pub token: String,
    /// What will be written; `None` for a delete.
    pub source_fingerprint: Option<Fingerprint>,
    /// The source's version it is made of.
    pub source_revision: Option<Revision>,
    /// What the target holds, where that is known.
    pub fingerprint_before: Option<Fingerprint>,
    /// The target's version the step was planned against.
    pub revision_before: Option<Revision>,
    /// What the source calls it, where that is another name.
    pub from: Option<SecretName>,
}

/// A step whose end is not known.
#[derive(Debug, Clone)]
pub struct Unsettled {
    /// The step.
    pub step: StepId,
    /// The run that intended it.
    pub run: RunId,
    /// The run's job.
    pub job: String,
    /// Whether the run came to say that it does not know.
    pub state: StepState,
    /// What was about to be done.
    pub intent: Intent,
}

impl Ledger {
    /// Notes what is about to be done; durable when it returns, and refused once the lease was lost.
    pub async fn intend(&self, run: &RunId, lease: &Lease, intent: Intent) -> Result<StepId, LedgerError> {
        self.writer().write(Intend { run: run.clone(), claim: lease.claim(), intent }).await
    }

    /// Lists every step on the target whose end is not known, the oldest first.
    pub async fn unsettled(&self, target_identity: &str) -> Result<Vec<Unsettled>, LedgerError> {
        let rows = query(
            "SELECT steps.*, runs.job FROM steps JOIN runs ON runs.id = steps.run
             WHERE runs.target_identity = $1 AND steps.state IN ('intended', 'unknown') ORDER BY steps.id",
        )
        .bind(target_identity)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(Unsettled::read).collect()
    }

    /// Lists what `run` found not done when it settled the steps of dead runs; a request of theirs may still arrive.
    pub async fn given_up_by(&self, run: &RunId) -> Result<Vec<Intent>, LedgerError> {
        let rows = query("SELECT * FROM steps WHERE settled_by = $1 AND settled_as = 'unchanged' ORDER BY id")
            .bind(run.as_str())
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(Intent::read).collect()
    }
}

impl Unsettled {
    fn read(row: &Row) -> Result<Self, LedgerError> {
        Ok(Self {
            step: StepId(row.try_get("id")?),
            run: RunId::new(row.try_get("run")?),
            job: row.try_get("job")?,
            state: StepState::read(row)?,
            intent: Intent::read(row)?,
        })
    }
}

impl Intent {
    /// What the key is called on both sides.
    pub fn names(&self) -> Names<'_> {
        Names::new(&self.name, self.from.as_ref())
    }

    pub(super) fn read(row: &Row) -> Result<Self, LedgerError> {
        Ok(Self {
            name: baseline::name(row)?,
            key: RemoteKey::new(row.try_get::<String>("remote_key")?),
            action: Action::parse(row.try_get("action")?).ok_or(LedgerError::Damaged { what: "step's action" })?,
            reason: Reason::parse(row.try_get("reason")?).ok_or(LedgerError::Damaged { what: "step's reason" })?,
            shape: row.try_get("shape")?,
            token: row.try_get("token")?,
            source_fingerprint: baseline::fingerprint(row, "source_fingerprint")?,
            source_revision: baseline::revision(row, "source_revision")?,
            fingerprint_before: baseline::fingerprint(row, "fingerprint_before")?,
            revision_before: baseline::revision(row, "revision_before")?,
            from: baseline::source_name(row)?,
        })
    }

    /// An audit row that says what is done to which key.
    pub(super) fn audit_row(&self, context: &RunContext, step: StepId, event: &str) -> AuditRow {
        AuditRow {
            step: Some(step.0),
            action: Some(self.action.as_str().to_owned()),
            reason: Some(self.reason.as_str().to_owned()),
            name: Some(self.name.bound()),
            remote_key: Some(self.key.as_str().to_owned()),
            fingerprint_before: self.fingerprint_before.as_ref().map(Fingerprint::to_string),
            revision_before: self.revision_before.as_ref().map(|revision| revision.as_str().to_owned()),
            ..context.audit_row(event)
        }
    }
}

struct Intend {
    run: RunId,
    claim: Claim,
    intent: Intent,
}

#[async_trait]
impl Change for Intend {
    type Answer = StepId;
    const BEGINS_WORK: bool = true;
    const LEAVES_RUNS: bool = true;

    async fn record(&self, pen: &mut Pen<'_>) -> Result<StepId, LedgerError> {
        self.claim.check(pen).await?;
        let context = RunContext::running(pen, &self.run).await?;
        if context.target_identity != self.claim.target {
            return Err(LedgerError::Stale { target: context.target_identity });
        }
        let intent = &self.intent;
        let row = query(
            "INSERT INTO steps (run, fence, name, remote_key, action, reason, shape, token, source_fingerprint,
                source_revision, fingerprint_before, revision_before, source_name, state, intended_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'intended', $14) RETURNING id",
        )
        .bind(self.run.as_str())
        .bind(self.claim.fence)
        .bind(intent.name.bound())
        .bind(intent.key.as_str())
        .bind(intent.action.as_str())
        .bind(intent.reason.as_str())
        .bind(&intent.shape)
        .bind(&intent.token)
        .bind(intent.source_fingerprint.as_ref().map(Fingerprint::to_string))
        .bind(intent.source_revision.as_ref().map(Revision::as_str))
        .bind(intent.fingerprint_before.as_ref().map(Fingerprint::to_string))
        .bind(intent.revision_before.as_ref().map(Revision::as_str))
        .bind(intent.from.as_ref().map(SecretName::bound))
        .bind(pen.now)
        .fetch_one(&mut *pen.connection)
        .await?;
        let step = row.try_get("id")?;
        let fingerprint_after = intent.source_fingerprint.as_ref().map(Fingerprint::to_string);
        let row = intent.audit_row(&context, StepId(step), StepState::Intended.as_str());
        pen.audit(AuditRow { fingerprint_after, ..row }).await?;
        Ok(StepId(step))
    }
}
