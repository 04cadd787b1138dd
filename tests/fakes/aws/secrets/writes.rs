//! What changes secrets.

use serde_json::{Value, json};

use super::super::ask::{Ask, Refused};
use super::super::secret::{CURRENT, Content, Secret};
use super::{Answer, Secrets, named};

/// Most of a value, in bytes.
const LARGEST: usize = 65_536;

impl Secrets {
    pub(super) fn create(&mut self, ask: Ask<'_>) -> Answer {
        let members = ["Name", "ClientRequestToken", "Description", "KmsKeyId", "SecretString", "SecretBinary", "Tags"];
        let ask = ask.only(&members)?;
        let name = named(ask.must("Name")?)?.to_owned();
        let (token, content, tags) = (token(ask)?, content(ask)?, ask.tags()?);
        if let Some(secret) = self.secrets.get(&name) {
            if secret.deleted.is_some() {
                return Err(Refused::new(
                    "InvalidRequestException",
                    "You can't create this secret because a secret with this name is already scheduled for deletion.",
                ));
            }
            return match secret.version(token) {
                Some(version) if Some(&version.content) == content.as_ref() => Ok(answered(secret, token)),
                _ => Err(Refused::new(
                    "ResourceExistsException",
                    format!("The operation failed because the secret {name} already exists."),
                )),
            };
        }
        if self.secrets.len() >= self.most.unwrap_or(500_000) {
            return Err(Refused::new(
                "LimitExceededException",
                "You have exceeded the number of secrets for this account.",
            ));
        }
        let content =
            content.ok_or_else(|| Refused::invalid("You must provide either SecretString or SecretBinary."))?;
        self.put_version(&name, token, content);
        let secret = self.secrets.get_mut(&name).expect("it was put just now");
        secret.description = ask.text("Description").map(str::to_owned);
        secret.kms_key = key_of(ask)?;
        secret.tags = tags.into_iter().collect();
        Ok(answered(secret, token))
    }

    pub(super) fn put_value(&mut self, ask: Ask<'_>) -> Answer {
        let ask = ask.only(&["SecretId", "ClientRequestToken", "SecretString", "SecretBinary", "VersionStages"])?;
        let (token, content) = (token(ask)?.to_owned(), content(ask)?);
        let content =
            content.ok_or_else(|| Refused::invalid("You must provide either SecretString or SecretBinary."))?;
        let stages = match ask.get("VersionStages") {
            Value::Null => vec![CURRENT.to_owned()],
            _ => ask.texts("VersionStages", 20)?.into_iter().map(str::to_owned).collect(),
        };
        let name = self.live(ask.must("SecretId")?)?.name.clone();
        let now = self.now();
        let secret = self.secrets.get_mut(&name).expect("it was found just now");
        match secret.version(&token) {
            Some(version) if version.content == content => {}
            Some(_) => {
                return Err(Refused::new(
                    "ResourceExistsException",
                    "You can't modify the value of an existing version.",
                ));
            }
            None if secret.primary_region.is_some() => {
                return Err(Refused::new(
                    "InvalidRequestException",
                    "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
                ));
            }
            None => secret.add(&token, content, &stages, now),
        }
        Ok(answered(secret, &token))
    }

    pub(super) fn update(&mut self, ask: Ask<'_>) -> Answer {
        let ask =
            ask.only(&["SecretId", "ClientRequestToken", "Description", "KmsKeyId", "SecretString", "SecretBinary"])?;
        let (content, key) = (content(ask)?, key_of(ask)?);
        let name = self.live(ask.must("SecretId")?)?.name.clone();
        let now = self.now();
        let id = match &content {
            Some(_) => token(ask)?.to_owned(),
            None => String::new(),
        };
        let secret = self.secrets.get_mut(&name).expect("it was found just now");
        if let Some(description) = ask.text("Description") {
            secret.description = Some(description.to_owned());
        }
        secret.kms_key = key.or(secret.kms_key.take());
        secret.changed = now;
        if let Some(content) = content {
            secret.add(&id, content, &[CURRENT.to_owned()], now);
        }
        Ok(json!({"ARN": secret.arn, "Name": secret.name}))
    }

    pub(super) fn stage(&mut self, ask: Ask<'_>) -> Answer {
        let ask = ask.only(&["SecretId", "VersionStage", "MoveToVersionId", "RemoveFromVersionId"])?;
        let stage = ask.must("VersionStage")?;
        let name = self.live(ask.must("SecretId")?)?.name.clone();
        let now = self.now();
        let secret = self.secrets.get_mut(&name).expect("it was found just now");
        let holder = secret.staged(stage).map(|version| version.id.clone());
        let (to, from) = (ask.text("MoveToVersionId"), ask.text("RemoveFromVersionId"));
        if holder.as_deref() != from && holder.is_some() {
            return Err(Refused::new(
                "InvalidParameterException",
                format!(
                    "The parameter RemoveFromVersionId can't be empty or another. Staging label {stage} is currently attached to a version."
                ),
            ));
        }
        match to {
            Some(to) if secret.version(to).is_none() => {
                return Err(Refused::new(
                    "ResourceNotFoundException",
                    "Secrets Manager can't find the specified secret version.",
                ));
            }
            Some(to) => secret.give(to, stage),
            None if stage == CURRENT => {
                return Err(Refused::new("InvalidParameterException", "You can't remove AWSCURRENT."));
            }
            None => secret.versions.iter_mut().for_each(|version| version.stages.retain(|other| other != stage)),
        }
        secret.changed = now;
        Ok(json!({"ARN": secret.arn, "Name": secret.name}))
    }

    pub(super) fn tag(&mut self, ask: Ask<'_>) -> Answer {
        let (ask, now) = (ask.only(&["SecretId", "Tags"])?, self.now());
        let tags = ask.tags()?;
        let secret = self.changing(ask)?;
        secret.tags.extend(tags);
        secret.changed = now;
        Ok(json!({}))
    }

    pub(super) fn untag(&mut self, ask: Ask<'_>) -> Answer {
        let (ask, now) = (ask.only(&["SecretId", "TagKeys"])?, self.now());
        let keys = ask.texts("TagKeys", 50)?;
        let secret = self.changing(ask)?;
        secret.tags.retain(|key, _| !keys.contains(&key.as_str()));
        secret.changed = now;
        Ok(json!({}))
    }

    pub(super) fn delete(&mut self, ask: Ask<'_>) -> Answer {
        let ask = ask.only(&["SecretId", "RecoveryWindowInDays", "ForceDeleteWithoutRecovery"])?;
        let days = ask.number("RecoveryWindowInDays", 7, 30)?;
        let now = self.now();
        let force = ask.is_on("ForceDeleteWithoutRecovery");
        let secret = self.changing(ask)?;
        let gone = now + days as f64 * 86_400.0;
        let (answer, name) =
            (json!({"ARN": secret.arn, "Name": secret.name, "DeletionDate": gone}), secret.name.clone());
        secret.deleted = Some(gone);
        secret.changed = now;
        if force {
            self.secrets.remove(&name);
        }
        Ok(answer)
    }

    pub(super) fn restore(&mut self, ask: Ask<'_>) -> Answer {
        let name = self.found(ask.only(&["SecretId"])?)?.name.clone();
        let now = self.now();
        let secret = self.secrets.get_mut(&name).expect("it was found just now");
        (secret.deleted, secret.changed) = (None, now);
        Ok(json!({"ARN": secret.arn, "Name": secret.name}))
    }
}

fn token<'a>(ask: Ask<'a>) -> Result<&'a str, Refused> {
    let token = ask.must("ClientRequestToken")?;
    if (32..=64).contains(&token.len()) {
        Ok(token)
    } else {
        Err(Refused::invalid("ClientRequestToken must have length between 32 and 64"))
    }
}

fn content(ask: Ask<'_>) -> Result<Option<Content>, Refused> {
    let content = match (ask.text("SecretString"), ask.text("SecretBinary")) {
        (Some(_), Some(_)) => return Err(Refused::invalid("You can't specify both.")),
        (Some(text), None) => (Content::Text(text.to_owned()), text.len()),
        (None, Some(bytes)) => (Content::Binary(bytes.to_owned()), bytes.len() / 4 * 3),
        (None, None) => return Ok(None),
    };
    match content {
        (content, 1..=LARGEST) => Ok(Some(content)),
        (_, length) => {
            Err(Refused::invalid(format!("'secretString' must have length between 1 and {LARGEST}, and has {length}")))
        }
    }
}

/// The key to encrypt with. `alias/missing` is one that nobody has.
fn key_of(ask: Ask<'_>) -> Result<Option<String>, Refused> {
    match ask.text("KmsKeyId") {
        Some("alias/missing") => Err(Refused::new(
            "EncryptionFailure",
            "Secrets Manager can't encrypt the protected secret text using the provided KMS key: NotFoundException",
        )),
        key => Ok(key.map(str::to_owned)),
    }
}

fn answered(secret: &Secret, version: &str) -> Value {
    json!({"ARN": secret.arn, "Name": secret.name, "VersionId": version})
}
