//! What PyYAML's `safe_load` makes of a node, as far as JSON can spell it.

use super::scalar::{self, Scalar};
use super::tree::{Node, NodeId, Tree};
use crate::model::python::{Object, Text, Value};

/// The prefix of YAML's own tags.
const TAGS: &str = "tag:yaml.org,2002:";
/// Aliases can make a short file huge; nobody's secret has this many parts.
const MOST_NODES: usize = 100_000;
/// As deep as a mapping may lie in mappings before it is taken for a circle of aliases.
const DEPTH_LIMIT: usize = 200;

/// What a key of the outermost mapping is.
pub enum Key {
    /// A text.
    Text(String),
    /// Something else, which Airflow never looks up: its text, and what YAML takes it for.
    Other(String, &'static str),
    /// Not a key: what stands under it is merged into the mapping.
    Merge,
}

/// Reads a key of the outermost mapping; `None` for one that is no scalar.
pub fn key(tree: &Tree, id: NodeId) -> Option<Key> {
    let Node::Scalar { text, .. } = tree.node(id) else { return None };
    Some(match read(tree, id) {
        Scalar::Merge => Key::Merge,
        Scalar::Equals | Scalar::Value(Value::Text(_)) => Key::Text(text.to_string()),
        Scalar::Value(value) => Key::Other(text.to_string(), type_name(&value)),
        Scalar::Other(what) => Key::Other(text.to_string(), what),
    })
}

/// Reads a value.
pub fn value(tree: &Tree, id: NodeId) -> Result<Value, String> {
    Construction { tree, left: MOST_NODES }.value(id, 0)
}

/// The pairs of a mapping with those merged into it, which come first and give way to its own.
pub fn flattened(tree: &Tree, mapping: NodeId) -> Result<Vec<(NodeId, NodeId)>, String> {
    Construction { tree, left: MOST_NODES }.flattened(mapping, 0)
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Text(_) => "a text",
        Value::List(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

fn read(tree: &Tree, id: NodeId) -> Scalar {
    match tree.node(id) {
        Node::Scalar { tag: Some(tag), text, .. } => {
            tag.strip_prefix(TAGS).map_or(Scalar::Other(UNKNOWN_TAG), |tag| scalar::tagged(tag, text))
        }
        Node::Scalar { text, plain: true, .. } => scalar::plain(text),
        Node::Scalar { text, .. } => Scalar::Value(Value::from(text.as_str())),
        Node::Sequence { .. } | Node::Mapping { .. } => Scalar::Other("no scalar"),
    }
}

const UNKNOWN_TAG: &str = "of a tag that Airflow does not know";

/// The reading of one value; counts what it makes.
struct Construction<'a> {
    tree: &'a Tree,
    left: usize,
}

impl Construction<'_> {
    fn value(&mut self, id: NodeId, depth: usize) -> Result<Value, String> {
        self.count(depth)?;
        match self.tree.node(id) {
            Node::Scalar { .. } => match read(self.tree, id) {
                Scalar::Value(value) => Ok(value),
                Scalar::Merge | Scalar::Equals => Err("YAML takes the text for a sign; put it in quotes".to_owned()),
                Scalar::Other(what) => Err(format!("YAML takes it for {what}; put it in quotes, if it is a text")),
            },
            Node::Sequence { tag, items } => {
                own_tag(tag.as_deref(), "seq")?;
                items.iter().map(|item| self.value(*item, depth + 1)).collect::<Result<_, _>>().map(Value::List)
            }
            Node::Mapping { tag, .. } => {
                own_tag(tag.as_deref(), "map")?;
                let pairs = self.flattened(id, depth)?;
                let mut members = Vec::with_capacity(pairs.len());
                for (key, value) in pairs {
                    members.push((self.member_key(key)?, self.value(value, depth + 1)?));
                }
                Ok(Value::Object(Object::from_members(members)))
            }
        }
    }

    fn member_key(&self, id: NodeId) -> Result<Text, String> {
        match key(self.tree, id) {
            Some(Key::Text(text)) => Ok(Text::from(text.as_str())),
            _ => Err("a key inside of it is no text; put it in quotes".to_owned()),
        }
    }

    fn flattened(&mut self, mapping: NodeId, depth: usize) -> Result<Vec<(NodeId, NodeId)>, String> {
        self.count(depth)?;
        let tree = self.tree;
        let Node::Mapping { pairs, .. } = tree.node(mapping) else {
            return Err("what `<<` merges is no mapping".to_owned());
        };
        let (mut merged, mut own) = (Vec::new(), Vec::new());
        for (key, value) in pairs {
            if !matches!(read(tree, *key), Scalar::Merge) {
                own.push((*key, *value));
                continue;
            }
            match tree.node(*value) {
                Node::Sequence { items, .. } => {
                    for item in items.iter().rev() {
                        merged.extend(self.flattened(*item, depth + 1)?);
                    }
                }
                _ => merged.extend(self.flattened(*value, depth + 1)?),
            }
        }
        merged.extend(own);
        Ok(merged)
    }

    fn count(&mut self, depth: usize) -> Result<(), String> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 || depth > DEPTH_LIMIT {
            return Err("its aliases make it too large".to_owned());
        }
        Ok(())
    }
}

fn own_tag(tag: Option<&str>, expected: &str) -> Result<(), String> {
    match tag {
        None => Ok(()),
        Some(tag) if tag.strip_prefix(TAGS) == Some(expected) => Ok(()),
        Some(_) => Err(format!("it is {UNKNOWN_TAG}, or no JSON has its like")),
    }
}
