//! What changes parameters.

use serde_json::json;

use super::super::ask::{Ask, Refused};
use super::super::parameter::{Parameter, Version};
use super::{Answer, Parameters};

/// Most of a standard and of an advanced value, in bytes.
const LARGEST: [(&str, usize); 2] = [("Standard", 4096), ("Advanced", 8192)];

impl Parameters {
    pub(super) fn put_parameter(&mut self, ask: Ask<'_>) -> Answer {
        let members = [
            "Name",
            "Description",
            "Value",
            "Type",
            "KeyId",
            "Overwrite",
            "AllowedPattern",
            "Tags",
            "Tier",
            "DataType",
        ];
        let ask = ask.only(&members)?;
        let name = named(ask.must("Name")?)?.to_owned();
        let (tags, overwrite) = (ask.tags()?, ask.is_on("Overwrite"));
        if overwrite && !tags.is_empty() {
            return Err(Refused::invalid(
                "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag.",
            ));
        }
        let old = self.parameters.get(&name);
        if old.is_some() && !overwrite {
            return Err(Refused::new(
                "ParameterAlreadyExists",
                "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
            ));
        }
        if old.is_none() && self.parameters.len() >= self.most.unwrap_or(usize::MAX) {
            return Err(Refused::new(
                "ParameterLimitExceeded",
                "You have exceeded the number of parameters for this Amazon Web Services account.",
            ));
        }
        let mut version = written(ask, old)?;
        version.modified = self.now();
        let answer = json!({"Version": version.number, "Tier": version.tier});
        let parameter = self.parameters.entry(name.clone()).or_default();
        parameter.name = name;
        parameter.add(version)?;
        parameter.tags.extend(tags);
        Ok(answer)
    }

    pub(super) fn label(&mut self, ask: Ask<'_>) -> Answer {
        let ask = ask.only(&["Name", "ParameterVersion", "Labels"])?;
        let labels = ask.texts("Labels", 10)?;
        let parameter = self.changing(ask.must("Name")?)?;
        let number = ask.get("ParameterVersion").as_u64().unwrap_or(parameter.latest().number);
        let is_legal = |label: &&&str| {
            let is_plain = label.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter));
            let lower = label.to_lowercase();
            is_plain
                && !label.starts_with(|c: char| c.is_ascii_digit())
                && !lower.starts_with("aws")
                && !lower.starts_with("ssm")
        };
        let (legal, invalid): (Vec<&str>, Vec<&str>) = labels.iter().partition(|label| is_legal(label));
        if !parameter.versions.iter().any(|version| version.number == number) {
            return Err(Refused::new("ParameterVersionNotFound", "no such version"));
        }
        for version in &mut parameter.versions {
            version.labels.retain(|label| !legal.contains(&label.as_str()));
            if version.number == number {
                version.labels.extend(legal.iter().map(|label| (*label).to_owned()));
                if version.labels.len() > 10 {
                    return Err(Refused::new("ParameterVersionLabelLimitExceeded", "at most 10 labels"));
                }
            }
        }
        Ok(json!({"InvalidLabels": invalid, "ParameterVersion": number}))
    }

    pub(super) fn unlabel(&mut self, ask: Ask<'_>) -> Answer {
        let ask = ask.only(&["Name", "ParameterVersion", "Labels"])?;
        let labels = ask.texts("Labels", 10)?;
        let number = ask.number("ParameterVersion", 1, u64::MAX)?;
        let parameter = self.changing(ask.must("Name")?)?;
        for version in parameter.versions.iter_mut().filter(|version| version.number == number) {
            version.labels.retain(|label| !labels.contains(&label.as_str()));
        }
        Ok(json!({"RemovedLabels": labels, "InvalidLabels": []}))
    }

    pub(super) fn add_tags(&mut self, ask: Ask<'_>) -> Answer {
        let ask = ask.only(&["ResourceType", "ResourceId", "Tags"])?;
        let (tags, name) = (ask.tags()?, self.tagged(ask)?.name.clone());
        let parameter = self.changing(&name)?;
        parameter.tags.extend(tags);
        if parameter.tags.len() > 50 {
            return Err(Refused::new("TooManyTagsError", "at most 50 tags"));
        }
        Ok(json!({}))
    }

    pub(super) fn remove_tags(&mut self, ask: Ask<'_>) -> Answer {
        let ask = ask.only(&["ResourceType", "ResourceId", "TagKeys"])?;
        let (keys, name) = (ask.texts("TagKeys", 50)?, self.tagged(ask)?.name.clone());
        self.changing(&name)?.tags.retain(|key, _| !keys.contains(&key.as_str()));
        Ok(json!({}))
    }

    pub(super) fn delete(&mut self, ask: Ask<'_>) -> Answer {
        let name = ask.only(&["Name"])?.must("Name")?;
        self.found(name)?;
        self.parameters.remove(name);
        Ok(json!({}))
    }

    pub(super) fn delete_all(&mut self, ask: Ask<'_>) -> Answer {
        let names = ask.only(&["Names"])?.texts("Names", 10)?;
        let (deleted, invalid): (Vec<&str>, Vec<&str>) =
            names.into_iter().partition(|name| self.parameters.remove(*name).is_some());
        Ok(json!({"DeletedParameters": deleted, "InvalidParameters": invalid}))
    }

    fn changing(&mut self, name: &str) -> Result<&mut Parameter, Refused> {
        self.parameters.get_mut(name).ok_or_else(|| Refused::new("ParameterNotFound", ""))
    }
}

/// The version that is asked for: its kind and its tier stay as they were where nothing is said.
fn written(ask: Ask<'_>, old: Option<&Parameter>) -> Result<Version, Refused> {
    let latest = old.map(Parameter::latest);
    let value = ask.must("Value")?;
    if value.is_empty() {
        return Err(Refused::invalid(
            "1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ));
    }
    if value.contains("{{") && value.contains("}}") {
        return Err(Refused::invalid(
            "Parameter value, cannot contain nested parameters. Do not use {{}} or {{ssm:parameter-name}} in the value.",
        ));
    }
    let kind = ask.text("Type").or(latest.map(|version| version.kind.as_str()));
    let kind = kind.ok_or_else(|| Refused::invalid("A parameter type is required when you create a parameter."))?;
    if !["String", "StringList", "SecureString"].contains(&kind) {
        return Err(Refused::new("UnsupportedParameterType", "The parameter type isn't supported."));
    }
    if ask.text("KeyId").is_some() && kind != "SecureString" {
        return Err(Refused::invalid("KeyId is required for SecureString type parameter only."));
    }
    if ask.text("KeyId") == Some("alias/missing") {
        return Err(Refused::new("InvalidKeyId", "Alias arn:aws:kms:alias/missing is not found."));
    }
    let key = (kind == "SecureString").then(|| ask.text("KeyId").unwrap_or("alias/aws/ssm").to_owned());
    Ok(Version {
        number: latest.map_or(0, |version| version.number) + 1,
        value: value.to_owned(),
        kind: kind.to_owned(),
        key,
        tier: tier(ask, latest, value.len())?,
        description: ask.text("Description").map(str::to_owned),
        ..Version::default()
    })
}

/// The tier a version gets, and whether its value fits.
fn tier(ask: Ask<'_>, latest: Option<&Version>, length: usize) -> Result<String, Refused> {
    let old = latest.map_or("Standard", |version| version.tier.as_str());
    let tier = match ask.text("Tier") {
        None => old,
        Some("Intelligent-Tiering") if length > LARGEST[0].1 || old == "Advanced" => "Advanced",
        Some("Intelligent-Tiering") => "Standard",
        Some("Standard") if old == "Advanced" => {
            return Err(Refused::invalid(
                "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.",
            ));
        }
        Some(tier) => tier,
    };
    let Some((_, most)) = LARGEST.iter().find(|(name, _)| *name == tier) else {
        return Err(Refused::invalid(format!("no tier {tier}")));
    };
    if length > *most {
        return Err(Refused::invalid(format!(
            "{tier} tier parameters support a maximum parameter value of {most} characters."
        )));
    }
    Ok(tier.to_owned())
}

/// A name that AWS takes.
fn named(name: &str) -> Result<&str, Refused> {
    let is_legal = |letter: char| letter.is_ascii_alphanumeric() || "_.-/".contains(letter);
    let arn = Parameter { name: name.to_owned(), ..Parameter::default() }.arn();
    let lower = name.trim_start_matches('/').to_lowercase();
    if name.is_empty() || arn.len() > 1011 || !name.chars().all(is_legal) || name.contains("//") || name.ends_with('/')
    {
        return Err(Refused::invalid(
            "Parameter name must not be empty, longer than 1011 with its ARN, or hold other than a-zA-Z0-9_.-/",
        ));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(Refused::invalid("Parameter name must be a fully qualified name."));
    }
    if lower.starts_with("aws") || lower.starts_with("ssm") {
        return Err(Refused::invalid("Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive)."));
    }
    if name.matches('/').count() > 15 {
        let message = "A hierarchy can have a maximum of 15 levels.";
        return Err(Refused::new("HierarchyLevelLimitExceededException", message));
    }
    Ok(name)
}
