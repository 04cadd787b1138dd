//! Reads: twenty secrets a call where that is allowed, one a call where it is not; each with its own answer.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::Ordering;

use futures::stream::{self, StreamExt};

use super::SecretsManagerProvider;
use super::answer::Held;
use super::client::Which;
use super::fault::Refused;
use crate::model::{ErrorKind, Listed, Manager, RemoteKey, Revision, State};
use crate::provider::contract::all_failed;
use crate::provider::pages::follow;
use crate::provider::{Content, Error, Quarantine, Reach, Record, Result, Role};

/// What became of each id of a batch.
type Answers = HashMap<String, std::result::Result<Held, Refused>>;

impl SecretsManagerProvider {
    /// Reads up to a batch of keys, in their order.
    pub(super) async fn read_all(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        if let [key] = keys {
            return vec![self.read_alone(key).await];
        }
        if self.singly.load(Ordering::Relaxed) {
            return self.read_singly(keys).await;
        }
        match self.batch(keys).await {
            Ok(answers) => {
                let asked: Vec<_> = keys.iter().map(|key| self.answer(key, &answers)).collect();
                stream::iter(asked).buffered(self.capabilities.width).collect().await
            }
            // Rights to read secrets, without the right to read many at once, are what older policies of Airflow give.
            Err(error) if error.kind == ErrorKind::Denied && error.reach == Reach::Key => {
                self.singly.store(true, Ordering::Relaxed);
                self.read_singly(keys).await
            }
            Err(error) => all_failed(keys, &error),
        }
    }

    /// Asks for a batch until every page of the answer is here: AWS cuts what is too large for one.
    async fn batch(&self, keys: &[RemoteKey]) -> Result<Answers> {
        let ids: BTreeSet<&str> = keys.iter().map(RemoteKey::as_str).collect();
        let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        let circular = || {
            let context = "the answer cannot be followed: it asks for a page that was there before";
            Error::new(ErrorKind::Unexpected, "read", self.client.store(), context)
        };
        let asked = &ids;
        let ask = |token: Option<String>| async move { self.client.batch(asked, token.as_deref()).await };
        let mut answers = Answers::new();
        for page in follow(ask, |page| page.next.clone(), circular).await? {
            answers.extend(page.values.into_iter().map(|(name, held)| (name, Ok(held))));
            for unread in page.refused {
                let id = ids.iter().find(|id| is_named(id, &unread.id)).unwrap_or(&unread.id);
                let refused = Refused::from_code(self.client.store(), &unread.code, unread.message.as_deref());
                answers.insert(id.clone(), Err(refused));
            }
        }
        Ok(answers)
    }

    async fn answer(&self, key: &RemoteKey, answers: &Answers) -> Result<Option<Record>> {
        match answers.get(key.as_str()) {
            Some(Ok(held)) => Ok(Some(self.record(key, held))),
            Some(Err(Refused::Passing)) => self.read_one(key).await,
            Some(Err(refused)) => self.refused(key, refused).await,
            None => Err(Error::new(ErrorKind::Unexpected, "read", self.client.store(), "no answer to it").about(key)),
        }
    }

    async fn read_singly(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        let asked: Vec<_> = keys.iter().map(|key| self.read_one(key)).collect();
        stream::iter(asked).buffered(self.capabilities.width).collect().await
    }

    /// Whoever reads one key of a target wants to know what became of it: whose mark it carries, too, which no value comes with.
    async fn read_alone(&self, key: &RemoteKey) -> Result<Option<Record>> {
        let record = match self.read_one(key).await? {
            Some(record) if record.listed.state == State::Live && self.role == Role::Target => record,
            other => return Ok(other),
        };
        match self.look(key).await {
            Ok(Some(listed)) if listed.revision == record.listed.revision => {
                let content = if listed.state == State::Live { record.content } else { Content::Nothing };
                Ok(Some(Record { listed, content }))
            }
            Ok(_) => Ok(Some(record)),
            Err(error) if error.kind == ErrorKind::Denied => Ok(Some(record)),
            Err(error) => Err(error),
        }
    }

    async fn read_one(&self, key: &RemoteKey) -> Result<Option<Record>> {
        match self.client.value(key, Which::Current).await {
            Ok(Some(held)) => Ok(Some(self.record(key, &held))),
            Ok(None) => self.refused(key, &Refused::Missing).await,
            Err(error) => self.refused(key, &Refused::from_error(error)).await,
        }
    }

    /// Why a secret has no value to read: a look at it tells a name without a version, or one that is scheduled for deletion,
    /// from none.
    async fn refused(&self, key: &RemoteKey, refused: &Refused) -> Result<Option<Record>> {
        let unread = match refused {
            Refused::Missing | Refused::Passing => {
                let context = "it was written while it was read";
                Error::new(ErrorKind::Unavailable, "read", self.client.store(), context).about(key)
            }
            Refused::Unfit(error) => error.clone().about(key),
            Refused::Failed(error) => return Err(error.clone().about(key)),
        };
        match self.look(key).await {
            Ok(None) => Ok(None),
            Ok(Some(listed)) if listed.state == State::Live => Err(unread),
            Ok(Some(listed)) => Ok(Some(Record { listed, content: Content::Nothing })),
            // That there is nothing to read was said plainly; what the name is like we may not know.
            Err(error) if error.kind == ErrorKind::Denied && matches!(refused, Refused::Missing) => Ok(None),
            Err(error) if error.kind == ErrorKind::Denied => Err(unread),
            Err(error) => Err(error),
        }
    }

    fn record(&self, key: &RemoteKey, held: &Held) -> Record {
        let revision = held.version.clone().map(Revision::new);
        let live = Listed { revision, ..Listed::live(key.clone()) };
        match (&held.text, self.role) {
            (Some(text), _) => Record { listed: live, content: Content::Value(text.clone()) },
            (None, Role::Target) => {
                let listed = Listed { state: State::Managed(Manager::Bytes), ..live };
                Record { listed, content: Content::Nothing }
            }
            (None, Role::Source) => {
                let why = "it holds bytes (SecretBinary), of which Airflow reads nothing".to_owned();
                Record { listed: live, content: Content::Quarantined(Quarantine::Malformed(why)) }
            }
        }
    }
}

/// Tells whether AWS means `id`: by its name, or by an ARN, which ends in six characters of AWS' own.
fn is_named(id: &str, said: &str) -> bool {
    let of_arn = || {
        let (_, name) = said.split_once(":secret:")?;
        let (name, random) = name.rsplit_once('-')?;
        Some(name == id && random.len() == 6)
    };
    said == id || of_arn().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_name_and_by_its_arn() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:airflow/connections/my-secret-AbCdEf";
        let rows = [
            ("airflow/connections/my-secret", true),
            ("airflow/connections/my", false),
            ("airflow/connections/my-secret-AbCdEf", false),
            ("my-secret", false),
        ];
        for (id, expected) in rows {
            assert_eq!(is_named(id, arn), expected, "{id}");
            assert!(is_named(id, id));
        }
    }
}
