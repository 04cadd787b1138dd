//! What is asked, member by member, and how it is refused.

use serde_json::{Map, Value, json};

use super::super::http::Reply;

/// A refusal in AWS's words.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Its status.
    pub status: u16,
    /// Its code.
    pub code: &'static str,
    /// What it says.
    pub message: String,
}

/// The members of a request.
#[derive(Clone, Copy)]
pub struct Ask<'a>(&'a Map<String, Value>);

impl Refused {
    /// Whoever asked is at fault.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 400, code, message: message.into() }
    }

    /// Whoever asked may not.
    pub fn not_allowed(operation: &str) -> Self {
        let (service, action) = operation.split_once('.').unwrap_or_default();
        let service = if service == "AmazonSSM" { "ssm" } else { service };
        let message = format!(
            "User: arn:aws:iam::111122223333:user/ferry is not authorized to perform: {service}:{action} because no \
             identity-based policy allows the {service}:{action} action"
        );
        Self::new("AccessDeniedException", message)
    }

    /// The service is at fault.
    pub fn broken(code: &'static str) -> Self {
        Self { status: 500, code, message: "An error occurred on the server side.".to_owned() }
    }

    /// What came cannot be read.
    pub fn unreadable(what: impl Into<String>) -> Self {
        Self::new("SerializationException", what)
    }

    /// A member is not as the model has it.
    pub fn invalid(what: impl Into<String>) -> Self {
        Self::new("ValidationException", what)
    }

    /// The answer that says so.
    pub fn reply(&self) -> Reply {
        super::reply(self.status, &json!({"__type": self.code, "message": self.message}))
    }
}

impl<'a> Ask<'a> {
    /// Takes a body apart.
    pub fn new(body: &'a Value) -> Result<Self, Refused> {
        body.as_object().map(Self).ok_or_else(|| Refused::unreadable("the body is no object"))
    }

    /// Refuses members that the operation does not have: AWS drops them, and a test should not.
    pub fn only(self, members: &[&str]) -> Result<Self, Refused> {
        match self.0.keys().find(|key| !members.contains(&key.as_str())) {
            Some(other) => Err(Refused::unreadable(format!("the operation has no member {other}"))),
            None => Ok(self),
        }
    }

    /// A member as it is.
    pub fn get(self, member: &str) -> &'a Value {
        self.0.get(member).unwrap_or(&Value::Null)
    }

    /// A text.
    pub fn text(self, member: &str) -> Option<&'a str> {
        self.get(member).as_str()
    }

    /// A text that must be there.
    pub fn must(self, member: &str) -> Result<&'a str, Refused> {
        self.text(member)
            .ok_or_else(|| Refused::invalid(format!("'{member}' failed to satisfy constraint: must not be null")))
    }

    /// A switch, off where it is not there.
    pub fn is_on(self, member: &str) -> bool {
        self.get(member) == true
    }

    /// A number within bounds, the highest where it is not there.
    pub fn number(self, member: &str, least: u64, most: u64) -> Result<u64, Refused> {
        match self.get(member) {
            Value::Null => Ok(most),
            given => given
                .as_u64()
                .filter(|number| (least..=most).contains(number))
                .ok_or_else(|| Refused::invalid(format!("'{member}' must have value between {least} and {most}"))),
        }
    }

    /// Texts, between one and `most` of them.
    pub fn texts(self, member: &str, most: usize) -> Result<Vec<&'a str>, Refused> {
        let items: Vec<&str> = self.get(member).as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if (1..=most).contains(&items.len()) {
            return Ok(items);
        }
        Err(Refused::invalid(format!("'{member}' must have length between 1 and {most}, and has {}", items.len())))
    }

    /// Tags, which have names of their own and none of AWS's.
    pub fn tags(self) -> Result<Vec<(String, String)>, Refused> {
        let mut tags = Vec::new();
        for tag in self.get("Tags").as_array().into_iter().flatten() {
            let (key, value) = (tag["Key"].as_str().unwrap_or_default(), tag["Value"].as_str().unwrap_or_default());
            let is_plain =
                |text: &str| text.chars().all(|letter| letter.is_alphanumeric() || " _.:/=+-@".contains(letter));
            if key.is_empty() || key.len() > 128 || value.len() > 256 || !is_plain(key) || !is_plain(value) {
                return Err(Refused::invalid("a tag is empty, too long, or has letters that tags have not"));
            }
            if key.to_lowercase().starts_with("aws:") {
                return Err(Refused::invalid("tag keys starting with aws: are reserved"));
            }
            tags.push((key.to_owned(), value.to_owned()));
        }
        if tags.len() > 50 { Err(Refused::invalid("at most 50 tags")) } else { Ok(tags) }
    }
}
