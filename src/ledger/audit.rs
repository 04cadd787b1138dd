//! The audit log: append-only rows, each digested together with the one before it under the ledger's key.

use std::fmt;

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::database::{Connection, Place, Row, query};
use super::error::LedgerError;
use super::open::Ledger;
use super::runs::RunId;
use crate::model::{SecretName, Subkey, hex};

/// One thing that was done or was about to be. Names, fingerprints and revisions; never a value, never its length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place in the log, counted from 1 without gaps.
    pub sequence: i64,
    /// When.
    pub happened_at: Timestamp,
    /// What kind of thing: `run-started`, `intended`, `done`, and so on.
    pub event: String,
    /// In which run.
    pub run: Option<String>,
    /// Of which job.
    pub job: Option<String>,
    /// On which machine.
    pub host: Option<String>,
    /// Under which config.
    pub config_digest: Option<String>,
    /// About which step.
    pub step: Option<i64>,
    /// What was to be done.
    pub action: Option<String>,
    /// Why: a reason code.
    pub reason: Option<String>,
    /// To which secret, as [`SecretName::bound`] spells it.
    pub name: Option<String>,
    /// Under which spelling of the store.
    pub remote_key: Option<String>,
    /// In which store: its name in the config.
    pub store: Option<String>,
    /// The same place under any name.
    pub target_identity: Option<String>,
    /// What the store held before.
    pub fingerprint_before: Option<String>,
    /// What it holds now.
    pub fingerprint_after: Option<String>,
    /// The store's version before.
    pub revision_before: Option<String>,
    /// Its version now.
    pub revision_after: Option<String>,
    /// How it ended.
    pub result: Option<String>,
    /// The store's request id.
    pub request: Option<String>,
    /// More words: an error, the counts of a run.
    pub detail: Option<String>,
}

/// How many columns a row has.
const COLUMNS: usize = 22;

impl AuditRow {
    /// A row about `event`, the rest to be filled in.
    pub(super) fn of(event: &str) -> Self {
        Self { event: event.to_owned(), ..Self::default() }
    }

    /// Digests the row after the one whose digest is `previous`. The order of the parts is part of the format.
    pub(super) fn digest(&self, key: &Subkey, previous: &str) -> String {
        let step = self.step.map(|step| step.to_string());
        let mut parts = vec![b"row".to_vec(), previous.as_bytes().to_vec()];
        parts.push(self.sequence.to_string().into_bytes());
        parts.push(self.happened_at.as_microsecond().to_string().into_bytes());
        parts.push(presence(step.as_deref()));
        parts.extend(self.texts().map(presence));
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        hex(&key.digest(&parts))
    }

    fn texts(&self) -> [Option<&str>; 18] {
        [
            Some(&self.event),
            self.run.as_deref(),
            self.job.as_deref(),
            self.host.as_deref(),
            self.config_digest.as_deref(),
            self.action.as_deref(),
            self.reason.as_deref(),
            self.name.as_deref(),
            self.remote_key.as_deref(),
            self.store.as_deref(),
            self.target_identity.as_deref(),
            self.fingerprint_before.as_deref(),
            self.fingerprint_after.as_deref(),
            self.revision_before.as_deref(),
            self.revision_after.as_deref(),
            self.result.as_deref(),
            self.request.as_deref(),
            self.detail.as_deref(),
        ]
    }

    /// Inserts rows with their digests: in one statement, as each is a journey to the database's own thread or server.
    pub(super) async fn insert(rows: &[(Self, String)], connection: &mut Connection) -> Result<(), LedgerError> {
        let places = |row: usize| {
            let places: Vec<_> = (1..=COLUMNS).map(|column| format!("${}", row * COLUMNS + column)).collect();
            format!("({})", places.join(", "))
        };
        let places: Vec<_> = (0..rows.len()).map(places).collect();
        let mut insert = query(AssertSqlSafe(format!(
            "INSERT INTO audit (sequence, happened_at, step, event, run, job, host, config_digest, action, reason, name,
                remote_key, store, target_identity, fingerprint_before, fingerprint_after, revision_before,
                revision_after, result, request, detail, digest)
             VALUES {}",
            places.join(", ")
        )));
        for (row, digest) in rows {
            insert = insert.bind(row.sequence).bind(row.happened_at.as_microsecond()).bind(row.step);
            for text in row.texts() {
                insert = insert.bind(text);
            }
            insert = insert.bind(digest);
        }
        insert.execute(connection).await.map(drop)
    }

    pub(super) fn read(row: &Row) -> Result<Self, LedgerError> {
        Ok(Self {
            sequence: row.try_get("sequence")?,
            // A time that cannot be is one that we did not write; the digest says so.
            happened_at: Timestamp::from_microsecond(row.try_get("happened_at")?).unwrap_or(Timestamp::MAX),
            event: row.try_get("event")?,
            run: row.try_get("run")?,
            job: row.try_get("job")?,
            host: row.try_get("host")?,
            config_digest: row.try_get("config_digest")?,
            step: row.try_get("step")?,
            action: row.try_get("action")?,
            reason: row.try_get("reason")?,
            name: row.try_get("name")?,
            remote_key: row.try_get("remote_key")?,
            store: row.try_get("store")?,
            target_identity: row.try_get("target_identity")?,
            fingerprint_before: row.try_get("fingerprint_before")?,
            fingerprint_after: row.try_get("fingerprint_after")?,
            revision_before: row.try_get("revision_before")?,
            revision_after: row.try_get("revision_after")?,
            result: row.try_get("result")?,
            request: row.try_get("request")?,
            detail: row.try_get("detail")?,
        })
    }
}

// Nothing and an empty text must not look alike.
fn presence(text: Option<&str>) -> Vec<u8> {
    text.map_or_else(|| vec![0], |text| [&[1], text.as_bytes()].concat())
}

/// The last row of the log: what is logged and exported at every run, so that it can be anchored elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// Its place.
    pub sequence: i64,
    /// Its digest, 64 hex digits.
    pub digest: String,
}

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.sequence, self.digest)
    }
}

impl AuditHead {
    /// Where the chain of a ledger begins, before its first row.
    pub(super) fn origin(key: &Subkey, ledger: &str) -> Self {
        Self { sequence: 0, digest: hex(&key.digest(&[b"origin", ledger.as_bytes()])) }
    }
}

/// Digests where the chain begins and ends: without it, whoever deletes the last rows could name an older one the last.
pub(super) fn seal(key: &Subkey, origin: &AuditHead, head: &AuditHead) -> String {
    let ends = [origin, head].map(|end| end.sequence.to_string());
    hex(&key.digest(&[
        b"head",
        ends[0].as_bytes(),
        origin.digest.as_bytes(),
        ends[1].as_bytes(),
        head.digest.as_bytes(),
    ]))
}

/// Where the chain begins and ends, as the installation's row says.
#[derive(Clone)]
pub(super) struct ChainEnds {
    /// Before the first row that is kept.
    pub origin: AuditHead,
    /// The last row.
    pub head: AuditHead,
    seal: String,
}

impl ChainEnds {
    pub(super) async fn load<'a>(place: impl Into<Place<'a>>) -> Result<Self, LedgerError> {
        let sql = "SELECT origin_sequence, origin_digest, head_sequence, head_digest, head_seal FROM installation";
        let row = query(sql).fetch_one(place).await?;
        Ok(Self {
            origin: AuditHead { sequence: row.try_get("origin_sequence")?, digest: row.try_get("origin_digest")? },
            head: AuditHead { sequence: row.try_get("head_sequence")?, digest: row.try_get("head_digest")? },
            seal: row.try_get("head_seal")?,
        })
    }

    /// Tells whether the seal is ours and fits.
    pub(super) fn is_sealed(&self, key: &Subkey) -> bool {
        self.seal == seal(key, &self.origin, &self.head)
    }

    pub(super) async fn store(&self, connection: &mut Connection, key: &Subkey) -> Result<(), LedgerError> {
        query(
            "UPDATE installation SET origin_sequence = $1, origin_digest = $2, head_sequence = $3, head_digest = $4,
                head_seal = $5",
        )
        .bind(self.origin.sequence)
        .bind(&self.origin.digest)
        .bind(self.head.sequence)
        .bind(&self.head.digest)
        .bind(seal(key, &self.origin, &self.head))
        .execute(connection)
        .await
        .map(drop)
    }
}

/// Which audit rows are wanted; all that is left out is not asked for.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Those of one run.
    pub run: Option<RunId>,
    /// Those of one job.
    pub job: Option<String>,
    /// Those about one secret.
    pub name: Option<SecretName>,
    /// Those not before.
    pub since: Option<Timestamp>,
    /// The last so many.
    pub last: Option<u32>,
}

impl Ledger {
    /// Reads audit rows, the oldest first. It does not prove them; [`Ledger::audit_verify`] does.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, LedgerError> {
        let rows = query(
            "SELECT * FROM audit
             WHERE ($1 IS NULL OR run = $1) AND ($2 IS NULL OR job = $2) AND ($3 IS NULL OR name = $3)
                AND ($4 IS NULL OR happened_at >= $4)
             ORDER BY sequence DESC LIMIT $5",
        )
        .bind(filter.run.as_ref().map(RunId::as_str))
        .bind(filter.job.as_deref())
        .bind(filter.name.as_ref().map(SecretName::bound))
        .bind(filter.since.map(Timestamp::as_microsecond))
        .bind(filter.last.map_or(i64::MAX, i64::from))
        .fetch_all(self.readers())
        .await?;
        rows.iter().rev().map(AuditRow::read).collect()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use crate::model::{MasterKey, Purpose};

    /// The test vectors of `docs/ledger-format.md`, computed by another program.
    #[test]
    fn the_format_is_the_one_written_down() {
        let key = MasterKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap().subkey(Purpose::Audit);
        let some = |text: &str| Some(text.to_owned());
        let row = AuditRow {
            sequence: 1,
            happened_at: "2026-01-02T03:04:05.123456Z".parse().unwrap(),
            run: some("018f"),
            job: some("nightly"),
            host: some("scheduler-0"),
            config_digest: some("c0ffee"),
            step: Some(7),
            action: some("create"),
            reason: some("new"),
            name: some("connection/db"),
            remote_key: some("connections/db"),
            store: some("vault-prod"),
            target_identity: some("vault https://vault.internal:8200 secret/airflow"),
            fingerprint_after: Some(format!("v1:00000000:{}", "ab".repeat(32))),
            revision_after: some("1"),
            result: some("created"),
            request: some("request-1"),
            ..AuditRow::of("done")
        };
        let origin = AuditHead::origin(&key, "5f0c0a52-6a0e-4c1e-9d1b-3c4b8d2f7a11");
        assert_eq!(origin.digest, "f6e73af752e00b6793321bfa2785bb577532eb05d4794bac6ea11bc649838041");
        let head = AuditHead { sequence: 1, digest: row.digest(&key, &origin.digest) };
        assert_eq!(head.digest, "e094a220a9ea810ba5a2041a24939dd193c52f6b66d418cd4ed39090635c4ab6");
        let sealed = seal(&key, &origin, &head);
        assert_eq!(sealed, "447a808d500f5df6b08268b3bd27e69fae9d57d486f030b7a1a1e02619074e8a");
    }
}
