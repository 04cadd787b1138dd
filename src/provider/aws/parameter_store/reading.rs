//! Reads and looks by name: ten at a time, and one by one where AWS refuses the ten for the sake of one.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _};

use super::ParameterStoreProvider;
use super::client::{BATCH, Decryption, Got};
use crate::model::{ErrorKind, Listed, Mark, RemoteKey, State};
use crate::provider::{Content, Error, Reach, Record, Result, Role};

/// What was found under a name.
type Answer = Result<Option<Got>>;

impl ParameterStoreProvider {
    /// Looks at keys; their values come along and are dropped, encrypted where the parameter is.
    ///
    /// The listing would tell the same without values, but only some time after a write.
    pub(super) async fn look(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>> {
        let answers = self.gather(keys, Decryption::Unwanted).await;
        let answers = self.marked(answers).await;
        answers.into_iter().map(|answer| Ok(answer?.map(|(_, listed)| listed))).collect()
    }

    /// Reads keys with their values.
    pub(super) async fn values(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        let answers = self.gather(keys, Decryption::Wanted).await;
        let answers = self.marked(answers).await;
        answers.into_iter().map(|answer| Ok(answer?.map(record))).collect()
    }

    /// Asks for keys, answering in their order.
    async fn gather(&self, keys: &[RemoteKey], decryption: Decryption) -> Vec<Answer> {
        let names: Vec<&str> = keys.iter().map(RemoteKey::as_str).collect::<BTreeSet<_>>().into_iter().collect();
        let mut answers = BTreeMap::new();
        for names in names.chunks(BATCH) {
            answers.extend(self.batch(names, decryption).await);
        }
        let answer = |key: &RemoteKey| match answers.get(key.as_str()) {
            Some(answer) => answer.clone().map_err(|error| error.about(key)),
            None => Err(self.unanswered().about(key)),
        };
        keys.iter().map(answer).collect()
    }

    /// Asks for up to [`BATCH`] names. What refuses a whole batch may be about one of them: then each is asked for alone.
    async fn batch<'n>(&self, names: &[&'n str], decryption: Decryption) -> Vec<(&'n str, Answer)> {
        let error = match self.once(names, decryption).await {
            Ok(answers) => return answers,
            Err(error) => error,
        };
        let passes = matches!(error.kind, ErrorKind::RateLimited | ErrorKind::Unavailable);
        if names.len() == 1 || error.reach == Reach::Store || passes {
            return names.iter().map(|name| (*name, Err(error.clone()))).collect();
        }
        let alone: Vec<_> = names.iter().map(|name| self.alone(name, decryption)).collect();
        stream::iter(alone).buffered(self.capabilities.width).collect().await
    }

    async fn alone<'n>(&self, name: &'n str, decryption: Decryption) -> (&'n str, Answer) {
        match self.once(&[name], decryption).await {
            Ok(answers) => answers.into_iter().next().unwrap_or_else(|| (name, Err(self.unanswered()))),
            Err(error) => (name, Err(error)),
        }
    }

    async fn once<'n>(&self, names: &[&'n str], decryption: Decryption) -> Result<Vec<(&'n str, Answer)>> {
        let batch = self.client.get(names, decryption).await?;
        let mut found: BTreeMap<String, Got> = batch.found.into_iter().map(|got| (got.name.clone(), got)).collect();
        let answer = |name: &&'n str| match found.remove(*name) {
            Some(got) => (*name, Ok(Some(got))),
            None if batch.missing.iter().any(|missing| missing == name) => (*name, Ok(None)),
            None => (*name, Err(self.unanswered())),
        };
        Ok(names.iter().map(answer).collect())
    }

    async fn marked(&self, answers: Vec<Answer>) -> Vec<Result<Option<(Got, Listed)>>> {
        let looked: Vec<_> = answers.into_iter().map(|answer| self.with_mark(answer)).collect();
        stream::iter(looked).buffered(self.capabilities.width).collect().await
    }

    /// Adds whose a key is. A source has no use for that, and is not asked.
    async fn with_mark(&self, answer: Answer) -> Result<Option<(Got, Listed)>> {
        let Some(got) = answer? else { return Ok(None) };
        let key = RemoteKey::new(got.name.as_str());
        let mark = match self.role {
            Role::Source => None,
            Role::Target => self.mark_of(&key).await?,
        };
        let (revision, changed) = (Some(got.stamp.revision()), got.stamp.time());
        Ok(Some((got, Listed { key, state: State::Live, revision, mark, changed })))
    }

    /// The mark of a key; whatever is not there carries none.
    pub(super) async fn mark_of(&self, key: &RemoteKey) -> Result<Option<Mark>> {
        let tags = self.client.tags(key.as_str()).await.map_err(|error| error.about(key))?;
        let tags = tags.unwrap_or_default();
        Ok(Mark::find(tags.iter().map(|(name, value)| (name.as_str(), value.as_str()))))
    }

    // No answer is not "absent".
    fn unanswered(&self) -> Error {
        Error::new(ErrorKind::Unexpected, "read", self.client.store(), "AWS gave no answer for this name")
    }
}

fn record((got, listed): (Got, Listed)) -> Record {
    Record { listed, content: Content::Value(got.value) }
}
