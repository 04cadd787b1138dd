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
        let (content, tags, key) = (content(ask)?, ask.tags()?, key_of(ask)?);
        let token = if content.is_some() { token(ask)? } else { "" };
        if let Some(secret) = self.secrets.get(&name) {
            return created_before(secret, token, content.as_ref());
        }
        if self.secrets.len() >= self.most.unwrap_or(500_000) {
            let message = "You have exceeded the number of secrets for this account.";
            return Err(Refused::new("LimitExceededException", message));
        }
        let now = self.now();
        let secret = self.secret_or_new(&name, now);
        if let Some(content) = content {
            secret.add(token, content, &[CURRENT.to_owned()], now);
        }
        secret.description = ask.text("Description").map(str::to_owned);
        secret.kms_key = key;
        secret.tags = tags.into_iter().collect();
        Ok(answered(secret, token))
    }

    pub(super) fn put_value(&mut self, ask: Ask<'_>) -> Answer {
        let ask = ask.only(&["SecretId", "ClientRequestToken", "SecretString", "SecretBinary", "VersionStages"])?;
        let (token, content) = (token(ask)?, content(ask)?);
        let content =
            content.ok_or_else(|| Refused::invalid("You must provide either SecretString or SecretBinary."))?;
        let stages = match ask.get("VersionStages") {
            Value::Null => vec![CURRENT.to_owned()],
            _ => ask.texts("VersionStages", 20)?.into_iter().map(str::to_owned).collect(),
        };
        let now = self.now();
        let secret = self.changing(ask)?;
        write(secret, token, content, &stages, now)?;
        Ok(answered(secret, token))
    }

    pub(super) fn update(&mut self, ask: Ask<'_>) -> Answer {
        let members = ["SecretId", "ClientRequestToken", "Description", "KmsKeyId", "SecretString", "SecretBinary"];
        let ask = ask.only(&members)?;
        let (content, key, now) = (content(ask)?, key_of(ask)?, self.now());
        let secret = self.changing(ask)?;
        let mut answer = json!({"ARN": secret.arn, "Name": secret.name});
        if let Some(content) = content {
            write(secret, token(ask)?, content, &[CURRENT.to_owned()], now)?;
            answer["VersionId"] = json!(token(ask)?);
        }
        if let Some(description) = ask.text("Description") {
            secret.description = Some(description.to_owned());
        }
        secret.kms_key = key.or(secret.kms_key.take());
        secret.changed = now;
        Ok(answer)
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

/// What a create meets that finds its name taken: its own doing, by the same token, or somebody else's.
fn created_before(secret: &Secret, token: &str, content: Option<&Content>) -> Answer {
    if secret.deleted.is_some() {
        let message = "You can't create this secret because a secret with this name is already scheduled for deletion.";
        return Err(Refused::new("InvalidRequestException", message));
    }
    match secret.version(token) {
        Some(version) if Some(&version.content) == content => Ok(answered(secret, token)),
        _ => {
            let message = format!("The operation failed because the secret {} already exists.", secret.name);
            Err(Refused::new("ResourceExistsException", message))
        }
    }
}

/// Adds a version, once for each token.
fn write(secret: &mut Secret, token: &str, content: Content, stages: &[String], now: f64) -> Result<(), Refused> {
    match secret.version(token) {
        Some(version) if version.content == content => Ok(()),
        Some(_) => {
            let message = "You can't modify the value of an existing version.";
            Err(Refused::new("ResourceExistsException", message))
        }
        None if secret.primary_region.is_some() => {
            let message = "Operation not permitted on a replica secret. Call must be made in primary secret's region.";
            Err(Refused::new("InvalidRequestException", message))
        }
        None => {
            secret.add(token, content, stages, now);
            Ok(())
        }
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
