//! Parameter Store: every operation that a store of ours may ask for.

mod writes;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::ask::{Ask, Refused};
use super::parameter::{Parameter, Version};
use super::{Trouble, name_before, page};

type Answer = Result<Value, Refused>;

/// The parameters of an account.
#[derive(Default)]
pub struct Parameters {
    parameters: BTreeMap<String, Parameter>,
    /// What listings show while they lag.
    frozen: Option<BTreeMap<String, Parameter>>,
    troubles: BTreeMap<String, Trouble>,
    /// The time of the last change, for no two are at one time.
    clock: f64,
    /// How many standard parameters an account may have, if not AWS's 10 000 (which tests of size would meet).
    pub most: Option<usize>,
}

impl Parameters {
    /// Puts a text behind the service's back, new or not.
    pub fn put(&mut self, name: &str, text: &str) {
        self.put_kind(name, text, "SecureString");
    }

    /// Puts a text of another kind behind the service's back.
    pub fn put_kind(&mut self, name: &str, text: &str, kind: &str) {
        let modified = self.now();
        let parameter = self.parameters.entry(name.to_owned()).or_default();
        let number = parameter.versions.last().map_or(0, |version| version.number) + 1;
        let version = Version {
            number,
            value: text.to_owned(),
            kind: kind.to_owned(),
            key: (kind == "SecureString").then(|| "alias/aws/ssm".to_owned()),
            tier: "Standard".to_owned(),
            modified,
            ..Version::default()
        };
        name.clone_into(&mut parameter.name);
        parameter.add(version).expect("the oldest version has no label");
    }

    /// A parameter, to look at it or to change it behind the service's back.
    pub fn parameter(&mut self, name: &str) -> Option<&mut Parameter> {
        self.parameters.get_mut(name)
    }

    /// The text that is read under a name.
    pub fn text(&self, name: &str) -> Option<&str> {
        Some(&self.parameters.get(name)?.latest().value)
    }

    /// Every name.
    pub fn names(&self) -> Vec<String> {
        self.parameters.keys().cloned().collect()
    }

    /// Makes trouble with a parameter's value from now on.
    pub fn trouble(&mut self, name: &str, trouble: Trouble) {
        self.troubles.insert(name.to_owned(), trouble);
    }

    /// Lets listings show what there is now until [`catch_up`](Self::catch_up).
    pub fn lag(&mut self) {
        self.frozen = Some(self.parameters.clone());
    }

    /// Lets listings show what there is.
    pub fn catch_up(&mut self) {
        self.frozen = None;
    }

    /// Answers for an operation.
    pub fn answer(&mut self, operation: &str, ask: Ask<'_>) -> Answer {
        match operation {
            "DescribeParameters" => self.describe(ask),
            "GetParametersByPath" => self.by_path(ask),
            "GetParameters" => self.values(ask),
            "GetParameter" => self.value(ask),
            "GetParameterHistory" => self.history(ask),
            "ListTagsForResource" => self.tags(ask),
            "PutParameter" => self.put_parameter(ask),
            "LabelParameterVersion" => self.label(ask),
            "UnlabelParameterVersion" => self.unlabel(ask),
            "AddTagsToResource" => self.add_tags(ask),
            "RemoveTagsFromResource" => self.remove_tags(ask),
            "DeleteParameter" => self.delete(ask),
            "DeleteParameters" => self.delete_all(ask),
            other => Err(Refused::new("UnknownOperationException", format!("no operation {other}"))),
        }
    }

    /// Filters apply to pages after they were cut, as AWS does it: a page may be short, or empty, and have a next one.
    fn describe(&self, ask: Ask<'_>) -> Answer {
        let ask = ask.only(&["MaxResults", "NextToken", "ParameterFilters", "Filters", "Shared"])?;
        let size = ask.number("MaxResults", 1, 50)?;
        let filters = filters(ask)?;
        let all = self.frozen.as_ref().unwrap_or(&self.parameters);
        let items = all.range::<String, _>((after(ask)?, Bound::Unbounded));
        let is_meant = |name: &str| filters.is_empty() || filters.iter().any(|filter| filter.takes(name));
        let render = |parameter: &Parameter| is_meant(&parameter.name).then(|| parameter.described());
        let (list, token) = page(items, size as usize, render);
        Ok(with_token(json!({"Parameters": list}), token))
    }

    fn by_path(&self, ask: Ask<'_>) -> Answer {
        let members = ["Path", "Recursive", "WithDecryption", "MaxResults", "NextToken", "ParameterFilters"];
        let ask = ask.only(&members)?;
        let size = ask.number("MaxResults", 1, 10)?;
        let path = ask.must("Path")?;
        if !path.starts_with('/') {
            return Err(Refused::invalid(
                "The parameter doesn't meet the parameter name requirements. The path must begin with a forward slash '/'.",
            ));
        }
        let filter = Filter { path: path.to_owned(), recursive: ask.is_on("Recursive"), equals: false };
        let items: BTreeMap<&String, &Parameter> = self
            .parameters
            .range::<String, _>((after(ask)?, Bound::Unbounded))
            .filter(|(name, _)| filter.takes(name))
            .collect();
        for name in items.keys().take(size as usize) {
            self.readable(name, "GetParametersByPath")?;
        }
        let decrypted = ask.is_on("WithDecryption");
        let render = |parameter: &&Parameter| Some(told(parameter, parameter.latest(), "", decrypted));
        let (list, token) = page(items.iter().map(|(name, parameter)| (*name, parameter)), size as usize, render);
        Ok(with_token(json!({"Parameters": list}), token))
    }

    fn values(&self, ask: Ask<'_>) -> Answer {
        let ask = ask.only(&["Names", "WithDecryption"])?;
        let names = ask.texts("Names", 10)?;
        let mut seen = std::collections::BTreeSet::new();
        if !names.iter().all(|name| seen.insert(*name)) {
            return Err(Refused::invalid("Duplicate parameter names are not allowed"));
        }
        let (mut found, mut invalid) = (Vec::new(), Vec::new());
        for asked in names {
            let (name, selector) = selected(asked);
            self.readable(name, "GetParameters")?;
            let version =
                self.parameters.get(name).and_then(|parameter| Some((parameter, parameter.selected(selector)?)));
            match version {
                Some((parameter, version)) => {
                    found.push(told(parameter, version, selector, ask.is_on("WithDecryption")))
                }
                None => invalid.push(asked),
            }
        }
        Ok(json!({"Parameters": found, "InvalidParameters": invalid}))
    }

    fn value(&self, ask: Ask<'_>) -> Answer {
        let ask = ask.only(&["Name", "WithDecryption"])?;
        let (name, selector) = selected(ask.must("Name")?);
        self.readable(name, "GetParameter")?;
        let parameter = self.found(name)?;
        let missing =
            || Refused::new("ParameterVersionNotFound", "Systems Manager could not find version of the parameter.");
        let version = parameter.selected(selector).ok_or_else(missing)?;
        Ok(json!({"Parameter": told(parameter, version, selector, ask.is_on("WithDecryption"))}))
    }

    fn history(&self, ask: Ask<'_>) -> Answer {
        let ask = ask.only(&["Name", "WithDecryption", "MaxResults", "NextToken"])?;
        let size = ask.number("MaxResults", 1, 50)? as usize;
        let parameter = self.found(ask.must("Name")?)?;
        self.readable(&parameter.name, "GetParameterHistory")?;
        let start = ask.text("NextToken").map_or(Ok(0), str::parse::<usize>).map_err(|_| bad_token())?;
        let shown = parameter.versions.iter().skip(start).take(size).map(|version| parameter.remembered(version));
        let shown: Vec<Value> = shown.collect();
        let next = start + shown.len();
        let token = if next < parameter.versions.len() { json!(next.to_string()) } else { Value::Null };
        Ok(with_token(json!({"Parameters": shown}), token))
    }

    fn tags(&self, ask: Ask<'_>) -> Answer {
        let parameter = self.tagged(ask.only(&["ResourceType", "ResourceId"])?)?;
        let tags = parameter.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
        Ok(json!({"TagList": tags.collect::<Vec<_>>()}))
    }

    fn found(&self, name: &str) -> Result<&Parameter, Refused> {
        let missing = || Refused::new("ParameterNotFound", "");
        self.parameters.get(name).ok_or_else(missing)
    }

    fn tagged(&self, ask: Ask<'_>) -> Result<&Parameter, Refused> {
        if ask.must("ResourceType")? != "Parameter" {
            return Err(Refused::new("InvalidResourceType", "The resource type is not valid."));
        }
        let missing = || {
            Refused::new(
                "InvalidResourceId",
                "The resource ID is not valid. Verify that you entered the correct ID and try again.",
            )
        };
        self.parameters.get(ask.must("ResourceId")?).ok_or_else(missing)
    }

    /// One value that is refused or cannot be opened fails the whole call.
    fn readable(&self, name: &str, operation: &str) -> Result<(), Refused> {
        match self.troubles.get(name) {
            Some(Trouble::Denied) => Err(Refused::new(
                "AccessDeniedException",
                format!("User is not authorized to perform: ssm:{operation} on resource: {}", self.found(name)?.arn()),
            )),
            Some(Trouble::Undecryptable) => Err(Refused::new("InvalidKeyId", "The KMS key is disabled.")),
            None => Ok(()),
        }
    }

    fn now(&mut self) -> f64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as f64 / 1000.0;
        self.clock = now.max(self.clock + 0.001);
        self.clock
    }
}

/// Which names a listing is for.
struct Filter {
    path: String,
    recursive: bool,
    equals: bool,
}

impl Filter {
    fn takes(&self, name: &str) -> bool {
        if self.equals {
            return name == self.path;
        }
        let Some(rest) = name.strip_prefix(self.path.trim_end_matches('/')) else { return false };
        rest.strip_prefix('/').is_some_and(|rest| self.recursive || !rest.contains('/'))
    }
}

/// The filters of `DescribeParameters`, of which one suffices.
fn filters(ask: Ask<'_>) -> Result<Vec<Filter>, Refused> {
    let mut filters = Vec::new();
    for filter in ask.get("ParameterFilters").as_array().into_iter().flatten() {
        let (recursive, equals) = match (filter["Key"].as_str(), filter["Option"].as_str()) {
            (Some("Path"), Some("Recursive")) => (true, false),
            (Some("Path"), Some("OneLevel") | None) => (false, false),
            (Some("Name"), Some("Equals") | None) => (false, true),
            _ => return Err(Refused::new("InvalidFilterKey", "this stand-in filters by path and by name alone")),
        };
        for value in filter["Values"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            filters.push(Filter { path: value.to_owned(), recursive, equals });
        }
    }
    Ok(filters)
}

/// A name and what follows its colon.
fn selected(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or((name, ""))
}

fn told(parameter: &Parameter, version: &Version, selector: &str, decrypted: bool) -> Value {
    let mut told = parameter.told(version, selector);
    if version.kind == "SecureString" && !decrypted {
        told["Value"] = json!("AQICAHi-encrypted");
    }
    told
}

fn after(ask: Ask<'_>) -> Result<Bound<String>, Refused> {
    match ask.text("NextToken") {
        None => Ok(Bound::Unbounded),
        Some(token) => name_before(token).map(Bound::Excluded).ok_or_else(bad_token),
    }
}

fn bad_token() -> Refused {
    Refused::new("InvalidNextToken", "The specified token is not valid.")
}

fn with_token(mut answer: Value, token: Value) -> Value {
    if !token.is_null() {
        answer["NextToken"] = token;
    }
    answer
}
