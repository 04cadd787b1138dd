//! Logins and transactions of one metastore: opened when asked for, kept a moment for the next request, thrown away after a fault.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::address::Address;
use super::fault::Faults;
use super::layout::{Lack, Layout, Selection};
use super::session::Session;
use super::settings::MetastoreSettings;
use super::{postgres, sqlite};
use crate::model::Kind;
use crate::provider::Result;

/// How long a login is kept without use: shorter than any proxy's patience, longer than the time between two batches.
const KEPT_FOR: Duration = Duration::from_secs(20);

/// The way to one metastore.
#[derive(Debug)]
pub struct Client {
    settings: MetastoreSettings,
    faults: Faults,
    kept: Mutex<Vec<(Instant, Session)>>,
}

impl Client {
    /// Makes a client that has not logged in yet.
    pub fn new(settings: MetastoreSettings, faults: Faults) -> Self {
        Self { settings, faults, kept: Mutex::default() }
    }

    /// The settings.
    pub fn settings(&self) -> &MetastoreSettings {
        &self.settings
    }

    /// The maker of this store's errors.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Logs in, or takes a login that was kept, and begins a transaction. A session that is dropped is never used again.
    pub async fn begin(&self, operation: &'static str) -> Result<Session> {
        let mut session = match self.take_kept() {
            Some(session) => session,
            None => self.connect(operation).await?,
        };
        match session.begin().await {
            Ok(()) => Ok(session),
            Err(error) => {
                // Those kept beside it are as dead as this one.
                self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
                Err(self.faults.of_sql(operation, &error))
            }
        }
    }

    /// Ends the transaction. A login to a server is kept, a file is closed: another may be put in its place.
    pub async fn end(&self, operation: &'static str, mut session: Session) -> Result<()> {
        session.end().await.map_err(|error| self.faults.of_sql(operation, &error))?;
        match session {
            Session::Postgres(_) => {
                let mut kept = self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                kept.push((Instant::now(), session));
                Ok(())
            }
            Session::Sqlite(_) => session.close().await.map_err(|error| self.faults.of_sql(operation, &error)),
        }
    }

    /// Looks up which tables there are.
    pub async fn layout(&self, operation: &'static str, session: &mut Session) -> Result<Layout> {
        let layout = session.layout(self.settings.schema.as_deref()).await;
        layout.map_err(|error| self.faults.of_sql(operation, &error))
    }

    /// Chooses what to read for one kind, or says what is missing for it.
    pub async fn selection(
        &self,
        operation: &'static str,
        session: &mut Session,
        layout: &Layout,
        kind: Kind,
    ) -> Result<Selection> {
        let lack = match layout.selection(kind) {
            Ok(selection) => return Ok(selection),
            Err(lack) => lack,
        };
        let elsewhere = match lack {
            Lack::Table(_) => session.schemas().await.map_err(|error| self.faults.of_sql(operation, &error))?,
            _ => Vec::new(),
        };
        Err(self.faults.of_lack(operation, &lack, layout, &elsewhere))
    }

    /// The URL is read afresh, so a password that was changed works; but it must lead to the same place.
    async fn connect(&self, operation: &'static str) -> Result<Session> {
        let settled = |error| self.faults.of_settings(operation, &error);
        let address = self.settings.address().map_err(settled)?;
        let location = self.settings.location().map_err(settled)?;
        if location != self.faults.location {
            return Err(self.faults.moved(operation, &location));
        }
        let session = match &address {
            Address::Postgres(address) => {
                let options = postgres::secured(address, &self.settings.tls).map_err(|error| settled(error.into()))?;
                postgres::connect(&options, address.parameters.connect_timeout).await
            }
            // Half the time of the request, so that the file's own answer comes before the clock's.
            Address::Sqlite(file) => sqlite::connect(file, self.settings.timeout() / 2).await,
        };
        session.map_err(|error| self.faults.of_sql(operation, &error))
    }

    fn take_kept(&self) -> Option<Session> {
        let mut kept = self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.retain(|(since, _)| since.elapsed() < KEPT_FOR);
        kept.pop().map(|(_, session)| session)
    }
}
