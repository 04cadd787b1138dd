//! The one task that commits: what waits while a commit runs goes into the next one together, with the audit chain's head.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use super::audit::{AuditHead, AuditRow, ChainEnds};
use super::database::Connection;
use super::error::LedgerError;
use super::known::Known;
use super::open::Place;
use super::pulse::{Life, Pulse, Terms};
use crate::model::Subkey;

/// The most changes of one transaction: between two there must be time for a heartbeat.
const LARGEST_GROUP: usize = 128;

/// One change of the ledger: all of it is committed, or nothing.
#[async_trait]
pub(super) trait Change: Send + 'static {
    /// What the caller is told once it is durable.
    type Answer: Send;

    /// Writes it down.
    async fn record(&self, pen: &mut Pen<'_>) -> Result<Self::Answer, LedgerError>;

    /// Whether it begins new work, which a ledger that has failed refuses; what has happened may always be noted.
    const BEGINS_WORK: bool = false;

    /// Whether it leaves runs and leases as they are, so that what was read of them in this transaction still holds.
    const LEAVES_RUNS: bool = false;
}

/// What a change writes with: the open transaction, its time, and the audit chain.
pub(super) struct Pen<'a> {
    /// The connection, inside the transaction.
    pub connection: &'a mut Connection,
    /// The time of everything in this transaction, in microseconds.
    pub now: i64,
    /// What the audit chain is digested with.
    pub key: &'a Subkey,
    /// Where the chain begins and ends, inside the transaction.
    pub ends: ChainEnds,
    /// Rows of the chain that are not inserted yet.
    log: Vec<(AuditRow, String)>,
    /// What was read of runs and leases, for the changes of this transaction that leave them as they are.
    pub known: Known,
}

/// The most audit rows of one statement: as many as the usual width brings together.
const ROWS_AT_ONCE: usize = 16;

impl<'a> Pen<'a> {
    async fn take(connection: &'a mut Connection, key: &'a Subkey) -> Result<Self, LedgerError> {
        let now = connection.begin().await?;
        let ends = ChainEnds::load(&mut *connection).await?;
        // A head that somebody else wrote must not get our seal: that would hide what they did.
        if !ends.is_sealed(key) {
            return Err(LedgerError::SealBroken);
        }
        Ok(Self { connection, now, key, ends, log: Vec::new(), known: Known::default() })
    }

    /// Appends a row to the audit log; its place, time and digest are filled in.
    pub(super) async fn audit(&mut self, mut row: AuditRow) -> Result<(), LedgerError> {
        row.sequence = self.ends.head.sequence + 1;
        row.happened_at = Timestamp::from_microsecond(self.now).unwrap_or(Timestamp::MAX);
        let digest = row.digest(self.key, &self.ends.head.digest);
        self.ends.head = AuditHead { sequence: row.sequence, digest: digest.clone() };
        self.log.push((row, digest));
        Ok(())
    }

    /// Inserts the audit rows that wait; whoever reads the log inside the transaction does this first.
    pub(super) async fn write_log(&mut self) -> Result<(), LedgerError> {
        for rows in std::mem::take(&mut self.log).chunks(ROWS_AT_ONCE) {
            AuditRow::insert(rows, self.connection).await?;
        }
        Ok(())
    }

    async fn record(&mut self, request: &mut dyn Request) -> Result<(), LedgerError> {
        let recorded = request.record(self).await;
        if !request.leaves_runs() {
            self.known = Known::default();
        }
        recorded
    }

    // A change that is refused leaves nothing behind and does not spoil its neighbours.
    async fn record_apart(&mut self, request: &mut dyn Request) -> Result<(), LedgerError> {
        self.write_log().await?;
        let before = self.ends.clone();
        self.connection.run("SAVEPOINT change").await?;
        match self.record(request).await {
            Ok(()) => {}
            Err(error) if error.is_of_the_ledger() => return Err(error),
            Err(_) => {
                self.connection.run("ROLLBACK TO change").await?;
                self.ends = before;
                self.log.clear();
            }
        }
        self.connection.run("RELEASE change").await
    }

    async fn close(mut self) -> Result<(), LedgerError> {
        self.write_log().await?;
        self.ends.store(self.connection, self.key).await?;
        self.connection.run("COMMIT").await
    }
}

/// A change on its way to the writer, with somebody who waits for the answer.
#[async_trait]
trait Request: Send {
    fn begins_work(&self) -> bool;
    fn leaves_runs(&self) -> bool;
    async fn record(&mut self, pen: &mut Pen<'_>) -> Result<(), LedgerError>;
    fn answer(self: Box<Self>, committed: Result<(), LedgerError>);
}

struct Pending<C: Change> {
    change: C,
    recorded: Option<Result<C::Answer, LedgerError>>,
    caller: oneshot::Sender<Result<C::Answer, LedgerError>>,
}

#[async_trait]
impl<C: Change + Sync> Request for Pending<C> {
    fn begins_work(&self) -> bool {
        C::BEGINS_WORK
    }

    fn leaves_runs(&self) -> bool {
        C::LEAVES_RUNS
    }

    async fn record(&mut self, pen: &mut Pen<'_>) -> Result<(), LedgerError> {
        let recorded = self.change.record(pen).await;
        let answer = recorded.as_ref().map(|_| ()).map_err(Clone::clone);
        self.recorded = Some(recorded);
        answer
    }

    fn answer(self: Box<Self>, committed: Result<(), LedgerError>) {
        let answer = match committed {
            Ok(()) => self.recorded.unwrap_or(Err(LedgerError::Closed)),
            Err(error) => Err(error),
        };
        // A caller that no longer waits has given up; what is written stays written.
        let _ = self.caller.send(answer);
    }
}

/// The way to the task that commits; cheap to clone. The task ends when the last clone is dropped.
#[derive(Clone)]
pub(super) struct Writer {
    requests: mpsc::UnboundedSender<Box<dyn Request>>,
    commits: Arc<AtomicU64>,
    life: Option<Life>,
    failure: watch::Receiver<Option<LedgerError>>,
}

impl Writer {
    /// Starts the task on a prepared connection.
    pub(super) fn start(connection: Connection, place: Place, key: Subkey, terms: Terms) -> Self {
        // Unbounded, because all who send wait for their answer before they send again.
        let (requests, waiting) = mpsc::unbounded_channel();
        let commits = Arc::new(AtomicU64::new(0));
        let pulse = connection.is_session().then(|| Pulse::new(terms));
        let life = pulse.as_ref().map(Pulse::life);
        let (failed, failure) = watch::channel(None);
        let (beat, noted) = (terms.beat(), Arc::clone(&commits));
        let next_beat = Instant::now() + beat;
        let scribe = Scribe { connection, place, key, commits: noted, failed, pulse, beat, next_beat };
        tokio::spawn(scribe.run(waiting));
        Self { requests, commits, life, failure }
    }

    /// What a lease is held by besides its lock; `None` where the lock alone says all.
    pub(super) fn life(&self) -> Option<Life> {
        self.life.clone()
    }

    /// Why nothing new can be begun, if nothing can.
    pub(super) fn failure(&self) -> Option<LedgerError> {
        let failure = self.failure.borrow().clone();
        failure.or_else(|| self.failure.has_changed().is_err().then_some(LedgerError::Closed))
    }

    /// Writes a change and waits until it is durable.
    pub(super) async fn write<C: Change + Sync>(&self, change: C) -> Result<C::Answer, LedgerError> {
        self.post(change).await.unwrap_or(Err(LedgerError::Closed))
    }

    /// Hands a change over; who does not wait for the answer does not learn whether it was written.
    pub(super) fn post<C: Change + Sync>(&self, change: C) -> oneshot::Receiver<Result<C::Answer, LedgerError>> {
        let (caller, answer) = oneshot::channel();
        // If the task is gone the request is dropped with its sender, which the receiver sees.
        let _ = self.requests.send(Box::new(Pending { change, recorded: None, caller }));
        answer
    }

    /// How many transactions were committed so far.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }
}

struct Scribe {
    connection: Connection,
    place: Place,
    key: Subkey,
    commits: Arc<AtomicU64>,
    failed: watch::Sender<Option<LedgerError>>,
    pulse: Option<Pulse>,
    beat: Duration,
    next_beat: Instant,
}

impl Scribe {
    async fn run(mut self, mut waiting: mpsc::UnboundedReceiver<Box<dyn Request>>) {
        let mut group = Vec::new();
        loop {
            tokio::select! {
                biased;
                () = sleep_until(self.next_beat), if self.pulse.is_some() => self.beat().await,
                count = waiting.recv_many(&mut group, LARGEST_GROUP) => {
                    if count == 0 {
                        break;
                    }
                    self.commit(std::mem::take(&mut group)).await;
                }
            }
        }
        if !self.is_lost() {
            self.connection.close().await;
        }
    }

    /// Tells the server that we are alive, and the leases that the server is.
    async fn beat(&mut self) {
        let sent = Instant::now();
        self.next_beat = sent + self.beat;
        match self.connection.beat().await {
            Ok(()) => self.pulse.iter().for_each(|pulse| pulse.beat(sent)),
            Err(error) => self.fail(&error),
        }
    }

    /// Whether the connection is gone.
    fn is_lost(&self) -> bool {
        self.failed.borrow().as_ref().is_some_and(LedgerError::is_loss)
    }

    async fn commit(&mut self, group: Vec<Box<dyn Request>>) {
        let mut group = self.without_new_work(group);
        if group.is_empty() {
            return;
        }
        let committed = self.write(&mut group).await.map_err(|error| self.place.named(error));
        match &committed {
            Ok(()) => {
                self.commits.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => self.give_up(error).await,
        }
        for request in group {
            request.answer(committed.clone());
        }
    }

    /// Refuses what would begin new work once the ledger has failed: no intent row, no write. Once it is lost, all is refused.
    fn without_new_work(&self, group: Vec<Box<dyn Request>>) -> Vec<Box<dyn Request>> {
        let Some(cause) = self.failed.borrow().clone() else { return group };
        let (refused, admitted): (Vec<_>, Vec<_>) =
            group.into_iter().partition(|request| request.begins_work() || cause.is_loss());
        for request in refused {
            request.answer(Err(LedgerError::Refusing(Box::new(cause.clone()))));
        }
        admitted
    }

    /// Writes a group at one go; where one of it is refused, which is rare, once more and each apart from the others.
    async fn write(&mut self, group: &mut [Box<dyn Request>]) -> Result<(), LedgerError> {
        let mut pen = Pen::take(&mut self.connection, &self.key).await?;
        let mut refused = false;
        for request in group.iter_mut() {
            match pen.record(request.as_mut()).await {
                Ok(()) => {}
                Err(error) if error.is_of_the_ledger() => return Err(error),
                Err(_) => {
                    refused = true;
                    break;
                }
            }
        }
        if !refused {
            return pen.close().await;
        }
        self.connection.roll_back().await?;
        let mut pen = Pen::take(&mut self.connection, &self.key).await?;
        for request in group {
            pen.record_apart(request.as_mut()).await?;
        }
        pen.close().await
    }

    async fn give_up(&mut self, error: &LedgerError) {
        if !error.is_loss() {
            // Where SQLite has rolled back on its own, there is nothing left to roll back.
            let _ = self.connection.roll_back().await;
        }
        self.fail(error);
    }

    fn fail(&mut self, error: &LedgerError) {
        tracing::error!(%error, "the ledger could not be written");
        if error.is_loss() {
            // With the session the server ends its locks: nothing more may be sent under them.
            self.pulse = None;
        }
        // A loss is worse than what failed before it: not even what has happened can be noted any more.
        if error.is_loss() || error.is_of_the_ledger() && self.failed.borrow().is_none() {
            self.failed.send_replace(Some(error.clone()));
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use crate::ledger::database::query;
    use crate::ledger::{Ledger, LedgerSettings};

    /// Leaves the database room for so many more pages, as a disk that fills up does.
    struct Room(i64);

    #[async_trait]
    impl Change for Room {
        type Answer = ();

        async fn record(&self, pen: &mut Pen<'_>) -> Result<(), LedgerError> {
            let pages = query("PRAGMA page_count").fetch_one(&mut *pen.connection).await?;
            let pages: i64 = pages.try_get("page_count")?;
            let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {}", pages + self.0));
            pen.connection.run(limit).await
        }
    }

    /// Something that takes a page or more.
    struct Bulk;

    #[async_trait]
    impl Change for Bulk {
        type Answer = ();
        const BEGINS_WORK: bool = true;

        async fn record(&self, pen: &mut Pen<'_>) -> Result<(), LedgerError> {
            pen.audit(AuditRow { detail: Some("x".repeat(20_000)), ..AuditRow::of("bulk") }).await
        }
    }

    // On one thread the writer does not look before all have sent, so they share a transaction.
    #[tokio::test]
    async fn a_full_disk_fails_everybody_who_waits_and_nothing_new_is_begun() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&LedgerSettings::default(), folder.path()).await.unwrap();
        let writer = ledger.writer();
        writer.write(Bulk).await.unwrap();
        writer.write(Room(7)).await.unwrap();
        // The first alone would fit; together they do not, and then none of them is written.
        let answers = tokio::join!(writer.write(Room(7)), writer.write(Bulk), writer.write(Bulk), writer.write(Bulk));
        let full = LedgerError::Full.in_file(&folder.path().join("secretferry.db"));
        assert_eq!(answers, (Err(full.clone()), Err(full.clone()), Err(full.clone()), Err(full.clone())));
        let proof = ledger.audit_verify().await.unwrap();
        assert_eq!((proof.rows, proof.broken), (1, None));

        writer.write(Room(1000)).await.unwrap();
        let refusing = LedgerError::Refusing(Box::new(full));
        assert_eq!(writer.write(Bulk).await.unwrap_err(), refusing);
    }
}
