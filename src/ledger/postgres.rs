//! A ledger on a server: the session that writes and holds the leases' locks, the schema, and what PostgreSQL's errors mean.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, raw_sql};

use super::database::answered;
use super::error::LedgerError;
use super::pulse::{Terms, micros};

/// Every migration in order; those applied are noted in the table `migrations`.
const MIGRATIONS: [&str; 3] = [
    include_str!("../../migrations/postgres/0001_ledger.sql"),
    include_str!("../../migrations/postgres/0002_source_name.sql"),
    include_str!("../../migrations/postgres/0003_daemons.sql"),
];

/// How many were applied, and which program's version applied the last one.
const APPLIED: &str =
    "SELECT count(*), (SELECT applied_by FROM migrations ORDER BY number DESC LIMIT 1) FROM migrations";

/// The lock under which the schema is made; its number is `SFLD` and a one.
const MIGRATING: i64 = 0x5346_4c44_0000_0001;

/// How long a login may take.
const LOGIN: Duration = Duration::from_secs(10);

/// How many callers may read at once.
const READERS: u32 = 2;

/// The first release that ends idle sessions, which is how a lease ends whose holder is not heard of any more.
const OLDEST: u32 = 140_000;

/// Whatever the server's or the role's own settings are: a transaction whose owner hangs ends before those who wait for it give
/// up, and what is committed is on the disk.
const WRITING: &str = "
    SET search_path = secretferry;
    SET lock_timeout = '15s';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';";

/// How long the session may be silent, outside of a transaction and in one.
const SILENCE: &str = "
    SELECT pg_backend_pid() FROM set_config('idle_session_timeout', $1, false) AS outside,
        set_config('idle_in_transaction_session_timeout', $2, false) AS inside";

/// How long a transaction may stand still at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

const READING: &str = "
    SET search_path = secretferry;
    SET default_transaction_read_only = on;";

/// Waits for the chain's row, which every writer takes first, and only then looks at the clock.
const BEGIN: &str = "
    WITH chain AS (SELECT one FROM installation FOR UPDATE)
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, pg_backend_pid() FROM chain";

const BEAT: &str = "
    UPDATE leases SET heartbeat_at = clock.now, expires_at = CASE WHEN expires_at IS NOT NULL THEN clock.now + $1 END
    FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now) AS clock
    WHERE target_identity = ANY($2) AND released_at IS NULL";

/// The one session that writes. The locks of its leases are the session's own: what it commits was committed while it held
/// them, and whatever ends it gives them back.
pub(super) struct Session {
    /// The connection.
    pub connection: PgConnection,
    process: i32,
    terms: Terms,
    held: BTreeSet<String>,
    /// Those of `held` that were taken in the transaction that is open.
    fresh: Vec<String>,
}

/// Opens a session and begins the transaction in which the schema is made a ledger, or found to be none.
pub(super) async fn open(options: &PgConnectOptions, terms: Terms) -> Result<Session, LedgerError> {
    let mut session = Session::connect(options, terms).await?;
    session.run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await?;
    let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATING);
    answered(lock.execute(&mut session.connection)).await?;
    session.migrate().await?;
    Ok(session)
}

/// Tells whether there is a ledger.
pub(super) async fn exists(options: &PgConnectOptions) -> Result<bool, LedgerError> {
    let mut session = Session::connect(options, Terms::default()).await?;
    session.is_there("SELECT to_regclass('secretferry.installation') IS NOT NULL").await
}

/// Sessions that only read.
pub(super) fn readers(options: &PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(LOGIN)
        .after_connect(|connection, _| Box::pin(async { raw_sql(READING).execute(connection).await.map(drop) }))
        .connect_lazy_with(options.clone())
}

impl Session {
    async fn connect(options: &PgConnectOptions, terms: Terms) -> Result<Self, LedgerError> {
        let unreachable = |cause: String| LedgerError::Unreachable { server: location(options), cause };
        let connection = match tokio::time::timeout(LOGIN, options.connect()).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => {
                return Err(match fault(error) {
                    LedgerError::Lost(cause) | LedgerError::Database(cause) => unreachable(cause),
                    other => other,
                });
            }
            Err(_) => return Err(unreachable(format!("no answer within {LOGIN:?}"))),
        };
        if connection.server_version_num().is_some_and(|version| version < OLDEST) {
            return Err(LedgerError::Unsuitable("it is older than PostgreSQL 14"));
        }
        let mut session = Self { connection, process: 0, terms, held: BTreeSet::new(), fresh: Vec::new() };
        session.run(WRITING).await?;
        let silence = sqlx::query_scalar(SILENCE).bind(terms.lease.as_millis().to_string());
        let silence = silence.bind(LONGEST_PAUSE.min(terms.lease / 2).as_millis().to_string());
        session.process = answered(silence.fetch_one(&mut session.connection)).await?;
        Ok(session)
    }

    async fn run(&mut self, sql: &'static str) -> Result<(), LedgerError> {
        answered(raw_sql(sql).execute(&mut self.connection)).await.map(drop)
    }

    async fn is_there(&mut self, sql: &'static str) -> Result<bool, LedgerError> {
        answered(sqlx::query_scalar(sql).fetch_one(&mut self.connection)).await
    }

    /// Brings the schema up to date; an error for one that is not ours.
    async fn migrate(&mut self) -> Result<(), LedgerError> {
        let applied = self.applied().await?;
        for (number, script) in MIGRATIONS.iter().enumerate().skip(applied) {
            self.run(script).await?;
            let note = sqlx::query("INSERT INTO migrations VALUES ($1, $2)");
            let note = note.bind(number as i64 + 1).bind(env!("CARGO_PKG_VERSION"));
            answered(note.execute(&mut self.connection)).await?;
        }
        Ok(())
    }

    /// How many migrations the schema has seen; makes an empty one where there is none.
    async fn applied(&mut self) -> Result<usize, LedgerError> {
        if !self.is_there("SELECT to_regnamespace('secretferry') IS NOT NULL").await? {
            self.run("CREATE SCHEMA secretferry").await?;
        }
        if self.is_there("SELECT to_regclass('secretferry.migrations') IS NOT NULL").await? {
            let count = sqlx::query_as(APPLIED).fetch_one(&mut self.connection);
            let (version, by): (i64, Option<String>) = answered(count).await?;
            return match usize::try_from(version) {
                Ok(applied) if applied <= MIGRATIONS.len() => Ok(applied),
                _ => Err(LedgerError::newer(version, MIGRATIONS.len(), by)),
            };
        }
        let other = "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('secretferry'))";
        if self.is_there(other).await? {
            return Err(LedgerError::NotALedger);
        }
        self.run("CREATE TABLE migrations (number BIGINT NOT NULL PRIMARY KEY, applied_by TEXT NOT NULL)").await?;
        Ok(0)
    }

    /// Begins a transaction that no other writer can overtake, and gives the server's time.
    pub(super) async fn begin(&mut self) -> Result<i64, LedgerError> {
        self.fresh.clear();
        self.run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await?;
        let begun = sqlx::query_as(BEGIN).fetch_one(&mut self.connection);
        let (now, process): (i64, i32) = answered(begun).await?;
        if process != self.process {
            return Err(LedgerError::Unsuitable(
                "a pooler before it lends its sessions from transaction to transaction",
            ));
        }
        Ok(now)
    }

    /// Takes the lock of a target, as long as the session lasts; `false` where somebody has it, be it this session.
    pub(super) async fn lock(&mut self, target: &str) -> Result<bool, LedgerError> {
        if self.held.contains(target) {
            return Ok(false);
        }
        let lock = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(lock_of(target));
        let locked = answered(lock.fetch_one(&mut self.connection)).await?;
        if locked {
            self.held.insert(target.to_owned());
            self.fresh.push(target.to_owned());
        }
        Ok(locked)
    }

    /// Takes back what the open transaction has written, and the locks it has taken: they are the session's, and would stay.
    pub(super) async fn roll_back(&mut self) -> Result<(), LedgerError> {
        self.run("ROLLBACK").await?;
        for target in std::mem::take(&mut self.fresh) {
            self.unlock(&target).await?;
        }
        Ok(())
    }

    /// Gives the lock of a target back.
    pub(super) async fn unlock(&mut self, target: &str) -> Result<(), LedgerError> {
        if self.held.remove(target) {
            let unlock = sqlx::query("SELECT pg_advisory_unlock($1)").bind(lock_of(target));
            answered(unlock.execute(&mut self.connection)).await?;
        }
        Ok(())
    }

    /// Tells the server, and whoever looks at the leases, that their holder is alive.
    pub(super) async fn beat(&mut self) -> Result<(), LedgerError> {
        if self.held.is_empty() {
            // Whoever only looks need not have the right to write.
            return self.run("SELECT 1").await;
        }
        let held: Vec<String> = self.held.iter().cloned().collect();
        let beat = sqlx::query(BEAT).bind(micros(self.terms.lease)).bind(held);
        answered(beat.execute(&mut self.connection)).await.map(drop)
    }
}

/// For people: `host:port/database`.
fn location(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    format!("{}:{}/{database}", options.get_host(), options.get_port())
}

/// The advisory lock that stands for a target.
fn lock_of(target: &str) -> i64 {
    let digest = Sha256::digest(format!("secretferry lease\n{target}").as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}

/// What an error of PostgreSQL, or of the way to it, means.
pub(super) fn fault(error: sqlx::Error) -> LedgerError {
    use sqlx::Error;
    match error {
        Error::Database(cause) => of_code(cause.as_ref()),
        Error::Io(cause) if cause.kind() == ErrorKind::UnexpectedEof => {
            LedgerError::Lost("the server hung up".to_owned())
        }
        Error::Io(cause) => LedgerError::Lost(cause.to_string()),
        Error::Tls(cause) => LedgerError::Lost(format!("TLS: {cause}")),
        Error::Protocol(_) | Error::PoolTimedOut | Error::PoolClosed => LedgerError::Lost(error.to_string()),
        other => LedgerError::Database(other.to_string()),
    }
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html
fn of_code(error: &dyn sqlx::error::DatabaseError) -> LedgerError {
    let (code, cause) = (error.code().unwrap_or_default(), error.message().to_owned());
    match &*code {
        "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" | "25P04" => LedgerError::Lost(cause),
        "55P03" | "40P01" => LedgerError::Locked,
        "53100" => LedgerError::Full,
        "25006" => LedgerError::Unsuitable("it only lets us read, as a standby does"),
        "42501" | "3D000" | "53300" => LedgerError::Refused(cause),
        code if code.starts_with("08") => LedgerError::Lost(cause),
        code if code.starts_with("28") => LedgerError::Refused(cause),
        _ => LedgerError::Database(cause),
    }
}
