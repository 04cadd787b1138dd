//! The nodes of a YAML document, as libyaml's events compose them; aliases lead to the node they stand for.

use std::collections::HashMap;

use libyaml_safer::{Encoding, Event, EventData, MappingStyle, Mark, Parser};
use zeroize::Zeroizing;

use crate::provider::file::Malformed;

/// Where a node is in its [`Tree`].
pub type NodeId = usize;

/// A node.
pub enum Node {
    /// One text.
    Scalar {
        /// The tag, where it is not left to YAML.
        tag: Option<String>,
        /// The text.
        text: Zeroizing<String>,
        /// Whether its looks decide what it is: neither quoted nor a block, or under the tag `!`.
        plain: bool,
    },
    /// A list.
    Sequence {
        /// The tag.
        tag: Option<String>,
        /// What is in it.
        items: Vec<NodeId>,
    },
    /// A mapping.
    Mapping {
        /// The tag.
        tag: Option<String>,
        /// Its pairs, in the order of the file.
        pairs: Vec<(NodeId, NodeId)>,
    },
}

/// A pair of the outermost mapping and where it stands, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// The key.
    pub key: NodeId,
    /// The value.
    pub value: NodeId,
    /// Where the key begins.
    pub start: usize,
    /// Where the last text of the value ends.
    pub end: usize,
    /// The key's line, from 1.
    pub line: usize,
}

/// A document whose outermost node is a mapping.
pub struct Tree {
    nodes: Vec<Node>,
    /// The pairs of the outermost mapping.
    pub pairs: Vec<Pair>,
    /// The outermost mapping itself.
    pub root: NodeId,
    /// Where an outermost mapping in braces begins and ends; `None` for one of lines.
    pub braces: Option<(usize, usize)>,
}

/// Deeper than anybody writes by hand.
const DEPTH_LIMIT: usize = 100;

impl Tree {
    /// Composes a text; fails as PyYAML would.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut bytes = text.as_bytes();
        let mut parser = Parser::new();
        parser.set_encoding(Encoding::Utf8);
        parser.set_input_string(&mut bytes);
        let composer = Composer { parser, text, nodes: Vec::new(), anchors: HashMap::new(), pairs: Vec::new() };
        composer.document()
    }

    /// A node by its id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }
}

/// A node and where its last text ends.
struct Placed {
    id: NodeId,
    end: usize,
}

struct Composer<'r, 'b> {
    parser: Parser<&'r mut &'b [u8]>,
    text: &'b str,
    nodes: Vec<Node>,
    anchors: HashMap<String, NodeId>,
    pairs: Vec<Pair>,
}

impl Composer<'_, '_> {
    fn document(mut self) -> Result<Tree, Malformed> {
        self.next()?;
        let start = self.next()?;
        if matches!(start.data, EventData::StreamEnd) {
            return Err(no_mapping(start.start_mark));
        }
        let outermost = self.next()?;
        let style = match &outermost.data {
            EventData::MappingStart { style, tag, .. } if is_plain_mapping(tag.as_deref()) => *style,
            _ => return Err(no_mapping(outermost.start_mark)),
        };
        let begin = self.offset(outermost.start_mark);
        let root = self.node(outermost, 0)?;
        self.next()?;
        let after = self.next()?;
        if !matches!(after.data, EventData::StreamEnd) {
            return Err(malformed(after.start_mark, "a second document begins here, and Airflow reads only one"));
        }
        let braces = (style == MappingStyle::Flow).then_some((begin, root.end));
        Ok(Tree { nodes: self.nodes, pairs: self.pairs, root: root.id, braces })
    }

    fn next(&mut self) -> Result<Event, Malformed> {
        self.parser.parse().map_err(|error| {
            let mark = error.problem_mark().unwrap_or_default();
            malformed(mark, error.problem())
        })
    }

    fn offset(&self, mark: Mark) -> usize {
        // The crate counts bytes; were it ever to count something else, we would rather cut nowhere than in a letter.
        let offset = usize::try_from(mark.index).ok().filter(|offset| self.text.is_char_boundary(*offset));
        offset.unwrap_or(self.text.len())
    }

    fn add(&mut self, anchor: Option<String>, node: Node) -> NodeId {
        let id = self.nodes.len();
        self.nodes.push(node);
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, id);
        }
        id
    }

    fn node(&mut self, event: Event, depth: usize) -> Result<Placed, Malformed> {
        if depth > DEPTH_LIMIT {
            return Err(malformed(event.start_mark, "the file is nested too deeply"));
        }
        let Event { data, start_mark, end_mark, .. } = event;
        let end = self.offset(end_mark);
        match data {
            EventData::Alias { anchor } => {
                let id = self.anchors.get(&anchor).copied();
                let id = id.ok_or_else(|| malformed(start_mark, "an alias without an anchor before it"))?;
                Ok(Placed { id, end })
            }
            EventData::Scalar { anchor, tag, value, plain_implicit, .. } => {
                self.is_new(anchor.as_deref(), start_mark)?;
                let node = Node::Scalar { tag: own(tag), text: Zeroizing::new(value), plain: plain_implicit };
                Ok(Placed { id: self.add(anchor, node), end })
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                self.is_new(anchor.as_deref(), start_mark)?;
                let id = self.add(anchor, Node::Sequence { tag: own(tag), items: Vec::new() });
                Ok(Placed { id, end: self.items(id, end, depth)? })
            }
            EventData::MappingStart { anchor, tag, .. } => {
                self.is_new(anchor.as_deref(), start_mark)?;
                let id = self.add(anchor, Node::Mapping { tag: own(tag), pairs: Vec::new() });
                Ok(Placed { id, end: self.members(id, end, depth)? })
            }
            _ => Err(malformed(start_mark, "a value is missing")),
        }
    }

    fn is_new(&self, anchor: Option<&str>, mark: Mark) -> Result<(), Malformed> {
        match anchor.filter(|anchor| self.anchors.contains_key(*anchor)) {
            Some(_) => Err(malformed(mark, "an anchor of this name stands further up already")),
            None => Ok(()),
        }
    }

    /// Composes what is in a list; gives where it ends.
    fn items(&mut self, list: NodeId, start: usize, depth: usize) -> Result<usize, Malformed> {
        let (mut found, mut end) = (Vec::new(), start);
        loop {
            let event = self.next()?;
            if matches!(event.data, EventData::SequenceEnd) {
                end = end.max(self.closing(&event));
                break;
            }
            let item = self.node(event, depth + 1)?;
            end = end.max(item.end);
            found.push(item.id);
        }
        if let Node::Sequence { items, .. } = &mut self.nodes[list] {
            *items = found;
        }
        Ok(end)
    }

    /// Composes the pairs of a mapping; gives where it ends.
    fn members(&mut self, mapping: NodeId, start: usize, depth: usize) -> Result<usize, Malformed> {
        let (mut found, mut end) = (Vec::new(), start);
        loop {
            let event = self.next()?;
            if matches!(event.data, EventData::MappingEnd) {
                end = end.max(self.closing(&event));
                break;
            }
            let mark = event.start_mark;
            let key = self.node(event, depth + 1)?;
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            end = end.max(key.end).max(value.end);
            found.push((key.id, value.id));
            if depth == 0 {
                let line = usize::try_from(mark.line).unwrap_or_default() + 1;
                let (start, end) = (self.offset(mark), key.end.max(value.end));
                self.pairs.push(Pair { key: key.id, value: value.id, start, end, line });
            }
        }
        if let Node::Mapping { pairs, .. } = &mut self.nodes[mapping] {
            *pairs = found;
        }
        Ok(end)
    }

    /// Where a bracket or brace closes; the end of a block has no text of its own.
    fn closing(&self, event: &Event) -> usize {
        if event.start_mark.index == event.end_mark.index { 0 } else { self.offset(event.end_mark) }
    }
}

/// A set or an ordered map is no `dict` of Python's.
fn is_plain_mapping(tag: Option<&str>) -> bool {
    tag.is_none_or(|tag| matches!(tag, "!" | "tag:yaml.org,2002:map"))
}

/// The tag `!` leaves it to YAML.
fn own(tag: Option<String>) -> Option<String> {
    tag.filter(|tag| tag != "!")
}

fn no_mapping(mark: Mark) -> Malformed {
    malformed(mark, "no mapping of ids to values; an empty store is the text {}")
}

fn malformed(mark: Mark, problem: &str) -> Malformed {
    let count = |number: u64| usize::try_from(number).unwrap_or_default() + 1;
    Malformed {
        line: count(mark.line),
        column: Some(count(mark.column)),
        problem: problem.to_owned(),
        remedy: Some("mend the file; Airflow cannot read it either"),
    }
}
