//! The two databases a ledger can live in, behind one face: SQL that both take, over columns of whole numbers and texts.

use std::time::Duration;

use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use sqlx::postgres::{PgConnection, PgPool, PgRow};
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{
    Connection as _, Database, Decode, Encode, IntoArguments, Postgres, Row as _, SqlSafeStr, SqlStr, Sqlite,
    Transaction, Type, raw_sql,
};

use super::error::LedgerError;
use super::{postgres, sqlite};

/// How long a server is waited for at each statement: a ledger that does not answer is one that is lost.
const ANSWER: Duration = Duration::from_secs(20);

/// The one connection that writes.
pub(super) enum Connection {
    /// A file.
    Sqlite(SqliteConnection),
    /// A session with a server.
    Postgres(Box<postgres::Session>),
}

/// Those that read.
pub(super) enum Readers {
    /// Of a file.
    Sqlite(SqlitePool),
    /// Of a server.
    Postgres(PgPool),
}

/// One moment of the ledger, whatever is written meanwhile.
pub(super) enum Snapshot {
    /// Of a file.
    Sqlite(Transaction<'static, Sqlite>),
    /// Of a server.
    Postgres(Transaction<'static, Postgres>),
}

/// Where a query is sent.
pub(super) enum Place<'a> {
    /// To one connection with a file.
    Sqlite(&'a mut SqliteConnection),
    /// To one session with a server.
    Postgres(&'a mut PgConnection),
    /// To any connection with a file.
    SqlitePool(&'a SqlitePool),
    /// To any session with a server.
    PostgresPool(&'a PgPool),
}

impl<'a> From<&'a mut Connection> for Place<'a> {
    fn from(connection: &'a mut Connection) -> Self {
        match connection {
            Connection::Sqlite(connection) => Self::Sqlite(connection),
            Connection::Postgres(session) => Self::Postgres(&mut session.connection),
        }
    }
}

impl<'a> From<&'a Readers> for Place<'a> {
    fn from(readers: &'a Readers) -> Self {
        match readers {
            Readers::Sqlite(pool) => Self::SqlitePool(pool),
            Readers::Postgres(pool) => Self::PostgresPool(pool),
        }
    }
}

impl<'a> From<&'a mut Snapshot> for Place<'a> {
    fn from(snapshot: &'a mut Snapshot) -> Self {
        match snapshot {
            Snapshot::Sqlite(transaction) => Self::Sqlite(transaction),
            Snapshot::Postgres(transaction) => Self::Postgres(transaction),
        }
    }
}

impl Readers {
    /// Holds the ledger still for several queries.
    pub(super) async fn snapshot(&self) -> Result<Snapshot, LedgerError> {
        match self {
            Self::Sqlite(pool) => pool.begin().await.map(Snapshot::Sqlite).map_err(sqlite::fault),
            Self::Postgres(pool) => {
                let begun = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
                answered(begun).await.map(Snapshot::Postgres)
            }
        }
    }
}

/// The clock of a server, in microseconds.
pub(super) const CLOCK: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now";

impl Snapshot {
    /// The ledger's time in microseconds: the server's, where there is one.
    pub(super) async fn now(&mut self) -> Result<i64, LedgerError> {
        match self {
            Self::Sqlite(_) => Ok(Timestamp::now().as_microsecond()),
            Self::Postgres(_) => query(CLOCK).fetch_one(self).await?.try_get("now"),
        }
    }
}

impl Connection {
    /// Runs statements without parameters.
    pub(super) async fn run(&mut self, sql: impl SqlSafeStr) -> Result<(), LedgerError> {
        match self {
            Self::Sqlite(connection) => raw_sql(sql).execute(connection).await.map(drop).map_err(sqlite::fault),
            Self::Postgres(session) => answered(raw_sql(sql).execute(&mut session.connection)).await.map(drop),
        }
    }

    /// Begins a transaction that no other writer can overtake, and gives its time in microseconds: the server's, where
    /// there is one.
    pub(super) async fn begin(&mut self) -> Result<i64, LedgerError> {
        match self {
            Self::Sqlite(connection) => sqlite::begin(connection).await,
            Self::Postgres(session) => session.begin().await,
        }
    }

    /// Takes back what the open transaction has written and locked.
    pub(super) async fn roll_back(&mut self) -> Result<(), LedgerError> {
        match self {
            Self::Sqlite(_) => self.run("ROLLBACK").await,
            Self::Postgres(session) => session.roll_back().await,
        }
    }

    /// Tells whether it is a session with a server, which must hear of us.
    pub(super) fn is_session(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Lets the server hear of us.
    pub(super) async fn beat(&mut self) -> Result<(), LedgerError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(session) => session.beat().await,
        }
    }

    /// Takes the session's lock of a target; `false` where somebody has it. Beside a file locks are files of their own.
    pub(super) async fn lock(&mut self, target: &str) -> Result<bool, LedgerError> {
        match self {
            Self::Sqlite(_) => Ok(true),
            Self::Postgres(session) => session.lock(target).await,
        }
    }

    /// Gives the session's lock of a target back.
    pub(super) async fn unlock(&mut self, target: &str) -> Result<(), LedgerError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(session) => session.unlock(target).await,
        }
    }

    /// Ends it well: the locks of its sessions are free at once.
    pub(super) async fn close(self) {
        match self {
            // The transaction log is folded into the file here; if that fails, the next open does it.
            Self::Sqlite(connection) => drop(connection.close().await),
            Self::Postgres(session) => drop(answered(session.connection.close()).await),
        }
    }
}

/// Waits for a server, but not for ever. Whoever gave up must not use the connection again.
pub(super) async fn answered<T>(asked: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, LedgerError> {
    match tokio::time::timeout(ANSWER, asked).await {
        Ok(answer) => answer.map_err(postgres::fault),
        Err(_) => Err(LedgerError::Lost(format!("no answer within {ANSWER:?}"))),
    }
}

/// A parameter of a query.
#[derive(Debug)]
pub(super) enum Cell {
    Number(Option<i64>),
    Text(Option<String>),
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<u32> for Cell {
    fn from(number: u32) -> Self {
        Self::Number(Some(number.into()))
    }
}

impl From<Option<i64>> for Cell {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<&str>> for Cell {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

/// SQL that both databases take, and its parameters, `$1` first.
#[must_use]
pub(super) struct Query {
    sql: SqlStr,
    cells: Vec<Cell>,
}

/// Begins a query.
pub(super) fn query(sql: impl SqlSafeStr) -> Query {
    Query { sql: sql.into_sql_str(), cells: Vec::new() }
}

type Bound<DB> = sqlx::query::Query<'static, DB, <DB as Database>::Arguments>;

impl Query {
    /// Adds the next parameter.
    pub(super) fn bind(mut self, cell: impl Into<Cell>) -> Self {
        self.cells.push(cell.into());
        self
    }

    fn bound<DB: Database>(self) -> Bound<DB>
    where
        DB::Arguments: IntoArguments<DB>,
        Option<i64>: for<'t> Encode<'t, DB> + Type<DB>,
        Option<String>: for<'t> Encode<'t, DB> + Type<DB>,
    {
        self.cells.into_iter().fold(sqlx::query(self.sql), |query, cell| match cell {
            Cell::Number(number) => query.bind(number),
            Cell::Text(text) => query.bind(text),
        })
    }

    /// Changes rows, and says how many.
    pub(super) async fn execute(self, connection: &mut Connection) -> Result<u64, LedgerError> {
        match connection {
            Connection::Sqlite(connection) => {
                let done = self.bound::<Sqlite>().execute(connection).await.map_err(sqlite::fault)?;
                Ok(done.rows_affected())
            }
            Connection::Postgres(session) => {
                let done = answered(self.bound::<Postgres>().execute(&mut session.connection)).await?;
                Ok(done.rows_affected())
            }
        }
    }

    /// Reads row after row.
    pub(super) fn fetch<'a>(self, place: impl Into<Place<'a>>) -> Rows<'a> {
        match place.into() {
            Place::Sqlite(connection) => Rows::sqlite(self.bound().fetch(connection)),
            Place::SqlitePool(pool) => Rows::sqlite(self.bound().fetch(pool)),
            Place::Postgres(connection) => Rows::postgres(self.bound().fetch(connection)),
            Place::PostgresPool(pool) => Rows::postgres(self.bound().fetch(pool)),
        }
    }

    /// Reads all rows.
    pub(super) async fn fetch_all<'a>(self, place: impl Into<Place<'a>>) -> Result<Vec<Row>, LedgerError> {
        let (mut rows, mut all) = (self.fetch(place), Vec::new());
        while let Some(row) = rows.next().await? {
            all.push(row);
        }
        Ok(all)
    }

    /// Reads the only row, if there is one.
    pub(super) async fn fetch_optional<'a>(self, place: impl Into<Place<'a>>) -> Result<Option<Row>, LedgerError> {
        Ok(self.fetch_all(place).await?.into_iter().next())
    }

    /// Reads the only row.
    pub(super) async fn fetch_one<'a>(self, place: impl Into<Place<'a>>) -> Result<Row, LedgerError> {
        self.fetch_optional(place).await?.ok_or(LedgerError::Damaged { what: "row that must be there" })
    }
}

/// Rows as they come.
pub(super) struct Rows<'a>(Source<'a>);

enum Source<'a> {
    Sqlite(BoxStream<'a, Result<SqliteRow, sqlx::Error>>),
    Postgres(BoxStream<'a, Result<PgRow, sqlx::Error>>),
}

impl<'a> Rows<'a> {
    fn sqlite(rows: BoxStream<'a, Result<SqliteRow, sqlx::Error>>) -> Self {
        Self(Source::Sqlite(rows))
    }

    fn postgres(rows: BoxStream<'a, Result<PgRow, sqlx::Error>>) -> Self {
        Self(Source::Postgres(rows))
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Result<Option<Row>, LedgerError> {
        match &mut self.0 {
            Source::Sqlite(rows) => {
                rows.next().await.transpose().map(|row| row.map(Row::Sqlite)).map_err(sqlite::fault)
            }
            Source::Postgres(rows) => Ok(answered(rows.try_next()).await?.map(Row::Postgres)),
        }
    }
}

/// One row.
pub(super) enum Row {
    /// Of a file.
    Sqlite(SqliteRow),
    /// Of a server.
    Postgres(PgRow),
}

impl Row {
    /// Reads a column.
    pub(super) fn try_get<'r, T>(&'r self, column: &'static str) -> Result<T, LedgerError>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
    {
        let unreadable = |_| LedgerError::Damaged { what: column };
        match self {
            Self::Sqlite(row) => row.try_get(column).map_err(unreadable),
            Self::Postgres(row) => row.try_get(column).map_err(unreadable),
        }
    }

    /// Reads a column of small whole numbers.
    pub(super) fn small(&self, column: &'static str) -> Result<u32, LedgerError> {
        u32::try_from(self.try_get::<i64>(column)?).map_err(|_| LedgerError::Damaged { what: column })
    }
}
