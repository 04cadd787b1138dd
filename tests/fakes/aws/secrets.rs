//! Secrets Manager: every operation that a store of ours may ask for.

mod writes;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::ask::{Ask, Refused};
use super::secret::{CURRENT, Content, Secret, Version};
use super::{Trouble, arn, name_before, page};

type Answer = Result<Value, Refused>;

/// The secrets of an account.
#[derive(Default)]
pub struct Secrets {
    secrets: BTreeMap<String, Secret>,
    /// What listings show while they lag.
    frozen: Option<BTreeMap<String, Secret>>,
    troubles: BTreeMap<String, Trouble>,
    /// The time of the last change, for no two are at one time.
    clock: f64,
    /// How many secrets an account may have, if not AWS's 500 000.
    pub most: Option<usize>,
}

impl Secrets {
    /// Puts a text behind the service's back, new or not.
    pub fn put(&mut self, name: &str, text: &str) {
        let id = uuid::Uuid::new_v4().to_string();
        self.put_version(name, &id, Content::Text(text.to_owned()));
    }

    /// Puts a version behind the service's back.
    pub fn put_version(&mut self, name: &str, id: &str, content: Content) {
        let now = self.now();
        self.secret_or_new(name, now).add(id, content, &[CURRENT.to_owned()], now);
    }

    /// Puts a secret without a version behind the service's back.
    pub fn put_empty(&mut self, name: &str) {
        let now = self.now();
        self.secret_or_new(name, now);
    }

    fn secret_or_new(&mut self, name: &str, now: f64) -> &mut Secret {
        let fresh = || Secret {
            name: name.to_owned(),
            arn: arn("secretsmanager", &format!("secret:{name}-AbCdEf")),
            created: now,
            changed: now,
            ..Secret::default()
        };
        self.secrets.entry(name.to_owned()).or_insert_with(fresh)
    }

    /// A secret, to look at it or to change it behind the service's back.
    pub fn secret(&mut self, name: &str) -> Option<&mut Secret> {
        self.secrets.get_mut(name)
    }

    /// The text that is read under a name, if it is live.
    pub fn text(&self, name: &str) -> Option<&str> {
        let secret = self.secrets.get(name).filter(|secret| secret.deleted.is_none())?;
        match &secret.staged(CURRENT)?.content {
            Content::Text(text) => Some(text),
            Content::Binary(_) => None,
        }
    }

    /// Every name, those scheduled for deletion included.
    pub fn names(&self) -> Vec<String> {
        self.secrets.keys().cloned().collect()
    }

    /// Makes trouble with a secret's value from now on.
    pub fn trouble(&mut self, name: &str, trouble: Trouble) {
        self.troubles.insert(name.to_owned(), trouble);
    }

    /// Lets listings show what there is now until [`catch_up`](Self::catch_up).
    pub fn lag(&mut self) {
        self.frozen = Some(self.secrets.clone());
    }

    /// Lets listings show what there is.
    pub fn catch_up(&mut self) {
        self.frozen = None;
    }

    /// Answers for an operation.
    pub fn answer(&mut self, operation: &str, ask: Ask<'_>) -> Answer {
        match operation {
            "ListSecrets" => self.list(ask),
            "BatchGetSecretValue" => self.batch(ask),
            "GetSecretValue" => self.value(ask.only(&["SecretId", "VersionId", "VersionStage"])?),
            "DescribeSecret" => Ok(self.found(ask.only(&["SecretId"])?)?.described("VersionIdsToStages")),
            "ListSecretVersionIds" => self.versions(ask),
            "CreateSecret" => self.create(ask),
            "PutSecretValue" => self.put_value(ask),
            "UpdateSecret" => self.update(ask),
            "UpdateSecretVersionStage" => self.stage(ask),
            "TagResource" => self.tag(ask),
            "UntagResource" => self.untag(ask),
            "DeleteSecret" => self.delete(ask),
            "RestoreSecret" => self.restore(ask),
            other => Err(Refused::new("UnknownOperationException", format!("no operation {other}"))),
        }
    }

    fn list(&self, ask: Ask<'_>) -> Answer {
        let members = ["MaxResults", "NextToken", "IncludePlannedDeletion", "Filters", "SortOrder", "SortBy"];
        let ask = ask.only(&members)?;
        let size = ask.number("MaxResults", 1, 100)?;
        let prefixes = prefixes(ask)?;
        let after = match ask.text("NextToken") {
            None => Bound::Unbounded,
            Some(token) => Bound::Excluded(
                name_before(token).ok_or_else(|| Refused::new("InvalidNextTokenException", "Invalid token"))?,
            ),
        };
        let planned = ask.is_on("IncludePlannedDeletion");
        let is_meant = |secret: &&Secret| {
            (planned || secret.deleted.is_none())
                && (prefixes.is_empty() || prefixes.iter().any(|prefix| secret.name.starts_with(*prefix)))
        };
        let all = self.frozen.as_ref().unwrap_or(&self.secrets);
        let items = all.range::<String, _>((after, Bound::Unbounded)).filter(|(_, secret)| is_meant(secret));
        let (list, token) = page(items, size as usize, |secret| Some(secret.described("SecretVersionsToStages")));
        Ok(with_token(json!({"SecretList": list}), token))
    }

    fn batch(&self, ask: Ask<'_>) -> Answer {
        let ids = ask.only(&["SecretIdList"])?.texts("SecretIdList", 20)?;
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for id in ids {
            match self.value_of(id, None, None) {
                Ok(value) => values.push(value),
                Err(refused) => {
                    errors.push(json!({"SecretId": id, "ErrorCode": refused.code, "Message": refused.message}));
                }
            }
        }
        Ok(json!({"SecretValues": values, "Errors": errors}))
    }

    fn value(&self, ask: Ask<'_>) -> Answer {
        self.value_of(ask.must("SecretId")?, ask.text("VersionId"), ask.text("VersionStage"))
    }

    fn value_of(&self, id: &str, version: Option<&str>, stage: Option<&str>) -> Answer {
        let secret = self.live(id)?;
        match self.troubles.get(&secret.name) {
            Some(Trouble::Denied) => {
                return Err(Refused::new(
                    "AccessDeniedException",
                    format!(
                        "User is not authorized to perform: secretsmanager:GetSecretValue on resource: {}",
                        secret.arn
                    ),
                ));
            }
            Some(Trouble::Undecryptable) => {
                return Err(Refused::new(
                    "DecryptionFailure",
                    "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
                ));
            }
            None => {}
        }
        let of_stage = stage.or_else(|| version.is_none().then_some(CURRENT));
        let is_asked = |candidate: &&Version| {
            version.is_none_or(|id| candidate.id == id) && of_stage.is_none_or(|stage| candidate.stages.contains(stage))
        };
        let missing =
            || Refused::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret value");
        secret.versions.iter().find(is_asked).map(|version| secret.told(version)).ok_or_else(missing)
    }

    fn versions(&self, ask: Ask<'_>) -> Answer {
        let ask = ask.only(&["SecretId", "MaxResults", "NextToken", "IncludeDeprecated"])?;
        ask.number("MaxResults", 1, 100)?;
        let secret = self.found(ask)?;
        let all = ask.is_on("IncludeDeprecated");
        let versions: Vec<Value> = secret
            .versions
            .iter()
            .filter(|version| all || !version.stages.is_empty())
            .map(|version| json!({"VersionId": version.id, "VersionStages": version.stages, "CreatedDate": version.created}))
            .collect();
        Ok(json!({"ARN": secret.arn, "Name": secret.name, "Versions": versions}))
    }

    fn found(&self, ask: Ask<'_>) -> Result<&Secret, Refused> {
        self.by_id(ask.must("SecretId")?)
    }

    fn by_id(&self, id: &str) -> Result<&Secret, Refused> {
        let missing = || Refused::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
        if id.starts_with("arn:") {
            return self.secrets.values().find(|secret| secret.arn == id).ok_or_else(missing);
        }
        self.secrets.get(named(id)?).ok_or_else(missing)
    }

    fn live(&self, id: &str) -> Result<&Secret, Refused> {
        let secret = self.by_id(id)?;
        match secret.deleted {
            Some(_) => Err(Refused::new(
                "InvalidRequestException",
                "You can't perform this operation on the secret because it was marked for deletion.",
            )),
            None => Ok(secret),
        }
    }

    fn changing(&mut self, ask: Ask<'_>) -> Result<&mut Secret, Refused> {
        let name = self.live(ask.must("SecretId")?)?.name.clone();
        Ok(self.secrets.get_mut(&name).expect("it was found just now"))
    }

    fn now(&mut self) -> f64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as f64 / 1000.0;
        self.clock = now.max(self.clock + 0.001);
        self.clock
    }
}

/// The prefixes of names that a listing is asked for.
fn prefixes(ask: Ask<'_>) -> Result<Vec<&str>, Refused> {
    let mut prefixes = Vec::new();
    for filter in ask.get("Filters").as_array().into_iter().flatten() {
        if filter["Key"] != "name" {
            return Err(Refused::new("InvalidParameterException", "this stand-in filters by name alone"));
        }
        prefixes.extend(filter["Values"].as_array().into_iter().flatten().filter_map(Value::as_str));
    }
    Ok(prefixes)
}

/// A name that AWS takes.
fn named(name: &str) -> Result<&str, Refused> {
    let is_legal = |letter: char| letter.is_ascii_alphanumeric() || "-/_+=.@".contains(letter);
    if (1..=512).contains(&name.len()) && name.chars().all(is_legal) {
        return Ok(name);
    }
    Err(Refused::invalid(
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
    ))
}

fn with_token(mut answer: Value, token: Value) -> Value {
    if !token.is_null() {
        answer["NextToken"] = token;
    }
    answer
}
