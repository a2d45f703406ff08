//! A JSON text as a tree that keeps what a parser throws away: order, equal keys, numbers of any size.

use std::fmt::{self, Write};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    /// A number, by its digits.
    Number(String),
    Text(String),
    /// A JSON text that is written as it stands: strings that are no Unicode.
    Raw(&'static str),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    pub(crate) fn parse(json: &str) -> Self {
        serde_json::from_str(json).unwrap()
    }

    /// The value of a key; the last of equal ones.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => entries.iter().rev().find(|(name, _)| name == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The tree as JSON; `noise` adds blanks and escapes here and there.
    pub(crate) fn render(&self, noise: &mut u32, json: &mut String) {
        *noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let is_noisy = *noise >> 28 == 0;
        if is_noisy {
            json.push_str(" \n\t");
        }
        match self {
            Self::Null => json.push_str("null"),
            Self::Bool(value) => json.push_str(&value.to_string()),
            Self::Number(digits) => json.push_str(digits),
            Self::Text(text) => render_text(text, is_noisy, json),
            Self::Raw(text) => json.push_str(text),
            Self::Array(nodes) => {
                json.push('[');
                for (at, node) in nodes.iter().enumerate() {
                    json.push_str(if at == 0 { "" } else { "," });
                    node.render(noise, json);
                }
                json.push(']');
            }
            Self::Object(entries) => {
                json.push('{');
                for (at, (key, node)) in entries.iter().enumerate() {
                    json.push_str(if at == 0 { "" } else { "," });
                    render_text(key, is_noisy, json);
                    json.push(':');
                    node.render(noise, json);
                }
                json.push('}');
            }
        }
    }
}

fn render_text(text: &str, is_noisy: bool, json: &mut String) {
    let quoted = serde_json::to_string(text).unwrap();
    match text.chars().next() {
        Some(first) if is_noisy && first.is_ascii_alphanumeric() => {
            write!(json, "\"\\u{:04x}{}", u32::from(first), &quoted[2..]).unwrap();
        }
        _ => json.push_str(&quoted),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = array.next_element()? {
            nodes.push(node);
        }
        Ok(Node::Array(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Object(entries))
    }
}
