//! One login to a metastore and one read-only transaction in it.

use std::path::Path;
use std::time::Duration;

use futures::TryStreamExt as _;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions as _, Connection as _, Decode, PgConnection, Row as _, SqliteConnection, TypeInfo as _, ValueRef as _};
use tracing::log::LevelFilter;
use zeroize::Zeroizing;

use super::cell::Cell;
use super::layout::{Access, Layout, Selection, TABLES, Table};
use super::row::Row;
use super::sql::{Flavour, Rows};

/// A login.
#[derive(Debug)]
pub enum Session {
    /// To a PostgreSQL server.
    Postgres(Box<PgConnection>),
    /// To a SQLite file.
    Sqlite(Box<SqliteConnection>),
}
